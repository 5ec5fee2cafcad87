// The jobs as the page knows them, newest first. Must never talk to the server: live/ and actions do.
import { computed, signal, type Signal } from "@preact/signals";
import type { Job, JobProgress } from "../api/types.ts";
import { say } from "../parts/notices.tsx";
import { isOver, JOB_WORDS } from "../text/words.ts";
import { mergeJob, mergeProgress, newestFirst } from "./merge.ts";

// One signal per job: a progress message redraws one card, not the list.
const jobs = new Map<string, Signal<Job>>();

export const order = signal<string[]>([]);
export const nextCursor = signal<string | null>(null);
export const loading = signal<"first" | "more" | null>("first");
export const loadError = signal<string | null>(null);

export const job = (id: string): Signal<Job> | undefined => jobs.get(id);

export const busyJobs = computed(() =>
  order.value.flatMap((id) => {
    const known = jobs.get(id)?.value;
    return known && !isOver(known.state) ? [known] : [];
  }),
);

export function putJob(fresh: Job): void {
  const known = jobs.get(fresh.id);
  if (!known) {
    jobs.set(fresh.id, signal(fresh));
    order.value = newestFirst([...order.value, fresh.id]);
    return;
  }
  if (!isOver(known.value.state) && isOver(fresh.state)) say(`${jobName(fresh)}: ${JOB_WORDS[fresh.state]}`);
  known.value = mergeJob(known.value, fresh);
}

export function dropJob(id: string): void {
  if (jobs.delete(id)) order.value = order.value.filter((other) => other !== id);
}

export function putProgress(message: JobProgress): void {
  const known = jobs.get(message.job);
  if (known) known.value = mergeProgress(known.value, message);
}

/** Whether a job that we don't have yet belongs in the part of the list that is loaded. */
export function belongs(id: string): boolean {
  const oldest = order.value.at(-1);
  return jobs.has(id) || nextCursor.value === null || oldest === undefined || id > oldest;
}

export const jobName = (of: Job): string => of.name || of.source?.name || "Untitled";
