// How a newer view of a job joins the one on screen. Pure: must never read a clock or the page.
import type { Job, JobProgress, Output } from "../api/types.ts";
import { isMoving, isOver } from "../text/words.ts";

/** Ids are UUIDv7: their text order is their age. */
export function newestFirst(ids: string[]): string[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
}

/** A fetched job. Its progress may be older than what the live stream has said since; a bar never goes back for that. */
export function mergeJob(known: Job, fresh: Job): Job {
  const outputs = fresh.outputs.map((output) => {
    const before = known.outputs.find((other) => other.id === output.id);
    return before && sameAttempt(before, output) ? { ...output, ...further(before, output) } : output;
  });
  const progress = known.state === fresh.state ? max(known.progress, fresh.progress) : (fresh.progress ?? null);
  return { ...fresh, progress, outputs };
}

/** A progress message. What has ended stays ended, whatever a late message says. */
export function mergeProgress(known: Job, message: JobProgress): Job {
  if (isOver(known.state)) return known;
  const outputs = known.outputs.map((output) => {
    const news = message.outputs?.find((other) => other.id === output.id);
    const open = output.state === "waiting" || isMoving(output.state);
    return news && open ? { ...output, ...news } : output;
  });
  return { ...known, progress: message.progress, eta_s: message.eta_s ?? null, outputs };
}

function sameAttempt(a: Output, b: Output): boolean {
  return a.state === b.state && isMoving(b.state) && (a.failures ?? 0) === (b.failures ?? 0);
}

function further(a: Output, b: Output): Pick<Output, "progress" | "frames_done"> {
  return { progress: max(a.progress, b.progress), frames_done: max(a.frames_done, b.frames_done) };
}

function max(a: number | null | undefined, b: number | null | undefined): number | null {
  if (a == null || b == null) return b ?? a ?? null;
  return Math.max(a, b);
}
