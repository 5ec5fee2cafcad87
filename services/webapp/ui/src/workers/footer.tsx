// Who does the work: a line about the workers, each one a click away. Must never poll while the page is hidden.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listWorkers } from "../api/calls.ts";
import type { Worker } from "../api/types.ts";
import { count } from "../text/amounts.ts";

const EVERY_MS = 10_000;

const workers = signal<Worker[] | null>(null);

export function WorkersFooter() {
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <footer class="footer">
      <Summary all={workers.value} />
      <nav aria-label="More" class="footer-links">
        <a href="/docs">API</a>
      </nav>
    </footer>
  );
}

async function look(): Promise<void> {
  if (document.hidden) return;
  try {
    // One that was lost does no work; its tasks are given to others.
    workers.value = (await listWorkers()).items.filter((worker) => worker.state !== "lost");
  } catch {
    workers.value = null; // the banner tells that the server is away
  }
}

function Summary({ all }: { all: Worker[] | null }) {
  if (!all) return <span class="footer-workers">Reelmill</span>;
  if (all.length === 0) {
    return <span class="footer-workers footer-none">No worker is running: jobs wait until one starts.</span>;
  }
  const sum = (of: (worker: Worker) => number) => all.reduce((total, worker) => total + of(worker), 0);
  return (
    <details class="footer-workers" data-testid="workers">
      <summary>
        {count(all.length, "worker")} · {sum((worker) => worker.busy)} of {count(sum((worker) => worker.slots), "slot")}{" "}
        busy
      </summary>
      <ul class="plain-list worker-list">
        {all.map((worker) => (
          <li key={worker.id}>
            <b>{worker.name}</b>{" "}
            <span>
              {[worker.state, `${worker.busy}/${worker.slots} busy`, version(worker), (worker.lanes ?? []).join(", ")]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

const version = (worker: Worker): string => (worker.ffmpeg_version ? `FFmpeg ${worker.ffmpeg_version}` : "");
