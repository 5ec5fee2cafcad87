// Fetches jobs again after something happened to them, many events as one fetch. Must never fetch one job twice at once.
import { getJob } from "../api/calls.ts";
import { ApiError } from "../api/problem.ts";
import { dropJob, putJob } from "../jobs/store.ts";

const GATHER_MS = 150;
const AT_ONCE = 3;

const wanted = new Set<string>();
const running = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

export function refetch(id: string): void {
  wanted.add(id);
  timer ??= setTimeout(pump, GATHER_MS);
}

function pump(): void {
  timer = undefined;
  for (const id of wanted) {
    if (running.size >= AT_ONCE) return;
    if (running.has(id)) continue;
    wanted.delete(id);
    void fetchOne(id);
  }
}

async function fetchOne(id: string): Promise<void> {
  running.add(id);
  try {
    putJob(await getJob(id));
  } catch (error) {
    // Anything but "gone" is the connection's business: the next reconnect refetches all that is open.
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) dropJob(id);
  } finally {
    running.delete(id);
    if (wanted.size > 0) timer ??= setTimeout(pump, GATHER_MS);
  }
}
