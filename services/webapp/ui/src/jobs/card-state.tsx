// How a job is doing, in a badge, a bar and a line of words. Must never show a bar for what has ended.
import type { Job } from "../api/types.ts";
import { now } from "../parts/clock.ts";
import { Progress } from "../parts/progress.tsx";
import { ago, bytes, count, left, percent, until } from "../text/amounts.ts";
import { isOver, JOB_WORDS, mediaWords } from "../text/words.ts";

export function CardState({ job, name }: { job: Job; name: string }) {
  const over = isOver(job.state);
  return (
    <>
      <p class="job-facts">
        <span class={`badge badge-${job.state}`} data-testid="state">
          {job.paused ? "Paused" : JOB_WORDS[job.state]}
        </span>
        <span>{facts(job)}</span>
      </p>
      {!over && (
        <>
          <Progress
            label={`Progress of ${name}`}
            value={job.state === "probing" ? null : (job.progress ?? 0)}
            tone={job.state === "queued" ? "still" : "work"}
          />
          <p class="job-going numbers" data-testid="going">
            {going(job)}
          </p>
        </>
      )}
    </>
  );
}

function facts(job: Job): string {
  const media = job.source?.media;
  const size = bytes(job.source?.bytes);
  const kept = until(job.expires_at, now.value);
  return [
    mediaWords(media ? { ...media, duration_s: null } : null),
    size,
    ago(job.finished_at ?? job.created_at, now.value),
    isOver(job.state) && kept ? `kept for ${kept}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function going(job: Job): string {
  if (job.waiting_for) return `Waiting: ${job.waiting_for}`;
  if (job.state === "probing") return "Reading what is in it";
  if (job.state === "queued") {
    const ahead = (job.position ?? 1) - 1;
    return job.position == null ? "In the queue" : ahead <= 0 ? "Next in the queue" : `${count(ahead, "job")} ahead`;
  }
  return [`${percent(job.progress)} %`, left(job.eta_s)].filter(Boolean).join(" · ");
}
