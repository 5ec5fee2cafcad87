// One job: its picture, what it is, how far it is, its outputs. Must redraw only for its own job's news.
import { useSignal, type Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Job } from "../api/types.ts";
import { canPlay } from "../media/browser.ts";
import { posterOf } from "../media/pictures.ts";
import { playables } from "../media/playable.ts";
import { Player } from "../media/player.tsx";
import { Poster } from "../media/poster.tsx";
import { CardButtons } from "./card-buttons.tsx";
import { CardState } from "./card-state.tsx";
import { FailureNote, Warnings } from "./notes.tsx";
import { OutputRow } from "./output-row.tsx";
import { jobName } from "./store.ts";

export function JobCard({ job: source }: { job: Signal<Job> }) {
  const job = source.value;
  const name = jobName(job);
  const playing = useSignal<string | null>(null);
  const all = playables(job, canPlay);
  const choice = all.find(({ output }) => output.id === playing.value);
  const best = all[0];
  const title = `job-${job.id}`;
  const card = useRef<HTMLElement>(null);

  const close = () => {
    playing.value = null;
    // Back to where the player was opened from, once that is drawn again.
    requestAnimationFrame(() => card.current?.querySelector<HTMLElement>(".poster-button")?.focus());
  };

  return (
    <li>
      <article ref={card} class="job" data-testid="job" data-job-id={job.id} data-state={job.state} aria-labelledby={title}>
        {choice ? (
          <Player
            choice={choice}
            all={all}
            poster={posterOf(job)}
            name={name}
            onPick={(id) => (playing.value = id)}
            onClose={close}
          />
        ) : null}
        <div class={choice ? "job-head job-head-open" : "job-head"}>
          {!choice && (
            <Poster job={job} name={name} onPlay={best && (() => (playing.value = best.output.id))} />
          )}
          <div class="job-about">
            <div class="job-title-line">
              <h3 id={title} class="job-title" title={name}>
                {name}
              </h3>
              <CardButtons job={job} name={name} />
            </div>
            <CardState job={job} name={name} />
          </div>
        </div>
        {job.error && <FailureNote failure={job.error} />}
        <Warnings job={job} />
        {job.outputs.length > 0 && (
          <ul class="plain-list outputs" aria-label={`Outputs of ${name}`}>
            {job.outputs.map((output) => (
              <OutputRow
                key={output.id}
                output={output}
                onPlay={all.some((item) => item.output.id === output.id) ? () => (playing.value = output.id) : undefined}
              />
            ))}
          </ul>
        )}
      </article>
    </li>
  );
}
