// The live stream of what happens on the server. Must never apply a state by itself: it only says what to fetch.
import { signal } from "@preact/signals";
import { API } from "../api/http.ts";
import type { JobProgress } from "../api/types.ts";
import { belongs, dropJob, putProgress } from "../jobs/store.ts";
import { loadJobs } from "./list.ts";
import { refetch } from "./refetch.ts";

// A reconnect within this time is not worth a banner.
const GRACE_MS = 1500;
const REOPEN_MS = 3000;

export const connection = signal<"opening" | "live" | "lost">("opening");
const whenBack = new Set<() => void>();

/** Runs `act` each time the server is reachable again. */
export function onReconnect(act: () => void): void {
  whenBack.add(act);
}

export function listen(): void {
  const source = new EventSource(`${API}/events`);
  let mourning: ReturnType<typeof setTimeout> | undefined;

  source.onopen = () => {
    clearTimeout(mourning);
    mourning = undefined;
    const back = connection.value === "lost";
    connection.value = "live";
    void loadJobs();
    if (back) for (const act of whenBack) act();
  };

  source.onerror = () => {
    mourning ??= setTimeout(() => (connection.value = "lost"), GRACE_MS);
    // The browser retries a broken stream, but gives up for good when a proxy answers with an error page.
    if (source.readyState === EventSource.CLOSED) {
      connection.value = "lost";
      clearTimeout(mourning);
      setTimeout(listen, REOPEN_MS);
    }
  };

  const on = <T,>(name: string, act: (data: T) => void) =>
    source.addEventListener(name, (event) => {
      try {
        act(JSON.parse((event as MessageEvent<string>).data) as T);
      } catch {
        // One message that can't be read must not end the stream; the next fetch has the truth anyway.
      }
    });

  const changed = ({ job }: { job: string }) => belongs(job) && refetch(job);
  on("job", changed);
  on("output", changed);
  on("progress", (data: JobProgress) => putProgress(data));
  on("deleted", ({ job }: { job: string }) => dropJob(job));
}
