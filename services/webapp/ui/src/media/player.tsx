// Plays one output within the page. Must stop loading as soon as it is closed.
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icon.tsx";
import { presetOf } from "../formats/presets.ts";
import type { Playable } from "./playable.ts";

interface Props {
  choice: Playable;
  all: Playable[];
  poster: string | null;
  name: string;
  onPick: (id: string) => void;
  onClose: () => void;
}

export function Player({ choice, all, poster, name, onPick, onClose }: Props) {
  const media = useRef<HTMLVideoElement & HTMLAudioElement>(null);

  useEffect(() => {
    const element = media.current;
    element?.focus();
    // A removed element goes on downloading unless its source is taken away.
    return () => {
      element?.removeAttribute("src");
      element?.load();
    };
  }, [choice.url]);

  const common = { ref: media, src: choice.url, controls: true, autoplay: true, "data-testid": "player" };
  return (
    <div class={`player player-${choice.kind}`}>
      {choice.kind === "video" ? (
        <video key={choice.url} {...common} playsInline poster={poster ?? undefined} aria-label={name} />
      ) : (
        <audio key={choice.url} {...common} aria-label={name} />
      )}
      <div class="player-bar">
        <div class="player-choices" role="group" aria-label="Version to play">
          {all.map(({ output }) => (
            <button
              key={output.id}
              type="button"
              class="pill"
              aria-pressed={output.id === choice.output.id}
              onClick={() => onPick(output.id)}
            >
              {presetOf(output.preset)?.label ?? output.preset}
            </button>
          ))}
        </div>
        <button type="button" class="icon-button" aria-label="Close the player" title="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
    </div>
  );
}
