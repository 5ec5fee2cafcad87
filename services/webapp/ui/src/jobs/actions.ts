// What a user can do to a job. Must always tell how it ended: by the list changing, or by a notice.
import { cancelJob, deleteJob, retryJob } from "../api/calls.ts";
import { inWords } from "../api/problem.ts";
import type { Job } from "../api/types.ts";
import { refetch } from "../live/refetch.ts";
import { confirm } from "../parts/confirm.tsx";
import { copy } from "../parts/clipboard.ts";
import { notify, say } from "../parts/notices.tsx";
import { isOver } from "../text/words.ts";
import { dropJob, jobName, putJob } from "./store.ts";

export async function cancel(job: Job): Promise<void> {
  await telling(`${jobName(job)} could not be cancelled.`, async () => {
    await cancelJob(job.id);
    refetch(job.id);
  });
}

export async function retry(job: Job): Promise<void> {
  await telling(`${jobName(job)} could not be retried.`, async () => {
    const again = await retryJob(job.id);
    if (again) putJob(again);
    say("A new job was started.");
  });
}

export async function remove(job: Job): Promise<void> {
  const name = jobName(job);
  const what = isOver(job.state)
    ? "Its files go too, and links to them stop working. This can't be undone."
    : "It is still running: it will be stopped, and its files go too. This can't be undone.";
  if (!(await confirm(`Delete “${name}”?`, what, "Delete"))) return;
  await telling(`${name} could not be deleted.`, async () => {
    await deleteJob(job.id);
    dropJob(job.id);
    say(`${name} deleted.`);
    // The button that had the focus is gone with its card.
    document.getElementById("jobs-title")?.focus();
  });
}

export async function copyLink(url: string): Promise<void> {
  const done = await copy(new URL(url, location.href).href);
  notify(done ? "good" : "bad", done ? "Link copied." : "The browser would not copy the link.");
}

async function telling(failed: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    notify("bad", `${failed} ${inWords(error)}`);
  }
}
