// What can be done to a job, as buttons. Must never offer an action that the job's state refuses.
import { useSignal } from "@preact/signals";
import type { Job } from "../api/types.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { isOver } from "../text/words.ts";
import { cancel, remove, retry } from "./actions.ts";

const RETRYABLE = ["failed", "partially_completed", "cancelled"];

export function CardButtons({ job, name }: { job: Job; name: string }) {
  return (
    <span class="job-buttons">
      {!isOver(job.state) && <Act id="cancel" icon="stop" words="Cancel" name={name} act={() => cancel(job)} />}
      {RETRYABLE.includes(job.state) && (
        <Act id="retry" icon="retry" words="Retry" name={name} act={() => retry(job)} />
      )}
      <Act id="delete" icon="trash" words="Delete" name={name} act={() => remove(job)} quiet />
    </span>
  );
}

interface ActProps {
  id: string;
  icon: IconName;
  words: string;
  name: string;
  act: () => Promise<void>;
  quiet?: boolean;
}

function Act({ id, icon, words, name, act, quiet }: ActProps) {
  const busy = useSignal(false);
  const click = async () => {
    busy.value = true;
    await act();
    busy.value = false;
  };
  return (
    <button
      type="button"
      class={quiet ? "icon-button" : "button button-small"}
      data-testid={id}
      aria-label={`${words} ${name}`}
      title={words}
      disabled={busy.value}
      onClick={() => void click()}
    >
      <Icon name={icon} />
      {!quiet && <span>{words}</span>}
    </button>
  );
}
