// One output: what it is, how far, and what to do with it. Must never link to what is not published.
import type { Output } from "../api/types.ts";
import { presetOf } from "../formats/presets.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { Progress } from "../parts/progress.tsx";
import { left, percent, speed } from "../text/amounts.ts";
import { isMoving, mediaWords, OUTPUT_WORDS, sentence } from "../text/words.ts";
import { FailureNote } from "./notes.tsx";
import { OutputLinks } from "./output-links.tsx";

interface Props {
  output: Output;
  onPlay: (() => void) | undefined;
}

const ICONS: Partial<Record<Output["state"], IconName>> = {
  encoding: "turning",
  assembling: "turning",
  published: "check",
  failed: "alert",
  skipped: "skip",
  cancelled: "close",
  expired: "clock",
};

export function OutputRow({ output, onPlay }: Props) {
  const label = presetOf(output.preset)?.label || output.preset;
  const { state } = output;
  return (
    <li class={`output output-${state}`} data-testid="output" data-preset={output.preset} data-state={state}>
      <div class="output-line">
        <span class="output-mark">
          <Icon name={ICONS[state] ?? "clock"} />
        </span>
        <span class="output-label">{label}</span>
        <div class="output-middle">
          {isMoving(state) ? <Moving output={output} label={label} /> : <p class="output-words">{words(output)}</p>}
        </div>
        <OutputLinks output={output} label={label} onPlay={onPlay} />
      </div>
      {state === "failed" && output.error && <FailureNote failure={output.error} />}
    </li>
  );
}

function Moving({ output, label }: { output: Output; label: string }) {
  const checking = output.state === "assembling";
  const numbers = [
    checking ? OUTPUT_WORDS.assembling : `${percent(output.progress)} %`,
    checking ? "" : speed(output.speed),
    left(output.eta_s),
  ];
  return (
    <>
      <Progress label={`Progress of ${label}`} value={checking ? null : (output.progress ?? 0)} />
      <p class="output-words numbers" title={frames(output)}>
        {numbers.filter(Boolean).join(" · ")}
      </p>
    </>
  );
}

function words(output: Output): string {
  switch (output.state) {
    case "published":
      return mediaWords(output.media ? { ...output.media, duration_s: null } : null);
    case "skipped":
      return `Skipped. ${sentence(output.reason)}`;
    case "failed":
      return output.error ? "Failed" : `Failed. ${sentence(output.reason)}`;
    case "expired":
      return "Expired; its files are gone.";
    default:
      return OUTPUT_WORDS[output.state];
  }
}

function frames(output: Output): string | undefined {
  return output.frames_total ? `Frame ${output.frames_done ?? 0} of ${output.frames_total}` : undefined;
}
