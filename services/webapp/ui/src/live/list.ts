// Loads the job list: first page, more pages, and again after a lost connection. Must never drop a loaded older page.
import { listJobs } from "../api/calls.ts";
import { inWords } from "../api/problem.ts";
import { dropJob, job, loadError, loading, nextCursor, order, putJob } from "../jobs/store.ts";
import { isOver } from "../text/words.ts";
import { refetch } from "./refetch.ts";

export async function loadJobs(): Promise<void> {
  const first = order.value.length === 0;
  if (first) loading.value = "first";
  try {
    const page = await listJobs();
    const oldest = page.items.at(-1)?.id;
    const fresh = new Set(page.items.map((item) => item.id));
    const older = order.value.filter((id) => oldest !== undefined && page.next_cursor && id < oldest);
    // What lies within the fresh page's span but not in it was deleted while we were away.
    for (const id of order.value) if (!fresh.has(id) && !older.includes(id)) dropJob(id);
    for (const item of page.items) putJob(item);
    for (const id of older) if (!isOver(job(id)?.value.state ?? "queued")) refetch(id);
    if (older.length === 0) nextCursor.value = page.next_cursor ?? null;
    loadError.value = null;
  } catch (error) {
    loadError.value = inWords(error);
  } finally {
    if (first) loading.value = null;
  }
}

export async function loadMore(): Promise<void> {
  if (nextCursor.value === null || loading.value !== null) return;
  loading.value = "more";
  try {
    const page = await listJobs(nextCursor.value);
    for (const item of page.items) putJob(item);
    nextCursor.value = page.next_cursor ?? null;
  } catch (error) {
    loadError.value = inWords(error);
  } finally {
    loading.value = null;
  }
}
