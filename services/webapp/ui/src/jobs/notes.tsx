// What went wrong or was unusual, in plain words first and the log one click away. Must show logs as text only.
import type { Failure, Job } from "../api/types.ts";
import { Icon } from "../parts/icon.tsx";
import { sentence } from "../text/words.ts";

export function FailureNote({ failure }: { failure: Failure }) {
  return (
    <div class="note note-bad" data-testid="error">
      <Icon name="alert" />
      <div class="note-body">
        <p>{sentence(failure.message)}</p>
        {failure.log_tail && (
          <details class="log">
            <summary>Show the log</summary>
            <pre tabindex={0}>{failure.log_tail}</pre>
          </details>
        )}
      </div>
    </div>
  );
}

export function Warnings({ job }: { job: Job }) {
  return (
    <>
      {(job.warnings ?? []).map((warning) => (
        <div key={warning.code + warning.message} class="note note-warn" data-testid="warning">
          <Icon name="alert" />
          <p class="note-body">{sentence(warning.message)}</p>
        </div>
      ))}
    </>
  );
}
