// A job's picture: its poster, or a drawn stand-in. Moving the mouse over it looks through the film.
import { useSignal } from "@preact/signals";
import type { Job } from "../api/types.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { length } from "../text/amounts.ts";
import { posterOf, spritesOf } from "./pictures.ts";
import { tiles, type Tile } from "./vtt.ts";

interface Props {
  job: Job;
  /** Absent when nothing can be played yet. */
  onPlay: (() => void) | undefined;
  name: string;
}

export function Poster({ job, onPlay, name }: Props) {
  const poster = posterOf(job);
  const broken = useSignal(false);
  const duration = length(job.source?.media?.duration_s);
  const body = (
    <>
      {poster && !broken.value ? (
        <img class="poster-image" src={poster} alt="" loading="lazy" onError={() => (broken.value = true)} />
      ) : (
        <Icon name={standIn(job)} />
      )}
      {poster && <Scrub job={job} />}
      {onPlay && (
        <span class="poster-play">
          <Icon name="play" />
        </span>
      )}
      {duration && <span class="poster-time">{duration}</span>}
    </>
  );
  if (!onPlay) return <div class="poster">{body}</div>;
  return (
    <button type="button" class="poster poster-button" data-testid="play" aria-label={`Play ${name}`} onClick={onPlay}>
      {body}
    </button>
  );
}

function Scrub({ job }: { job: Job }) {
  const sprites = spritesOf(job);
  const sheet = useSignal<Tile[] | null>(null);
  const at = useSignal<number | null>(null);
  if (!sprites) return null;

  // Nothing is fetched before somebody hovers.
  const load = async () => {
    if (sheet.value) return;
    sheet.value = [];
    const response = await fetch(sprites).catch(() => null);
    if (response?.ok) sheet.value = tiles(await response.text(), response.url);
  };
  const move = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    at.value = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const tile = at.value === null ? undefined : sheet.value?.[Math.floor(at.value * sheet.value.length)];
  return (
    <span class="scrub" onPointerEnter={() => void load()} onPointerMove={move} onPointerLeave={() => (at.value = null)}>
      {tile && (
        // A window onto the sheet: the viewBox is the tile, so it scales with the poster.
        <svg class="scrub-view" viewBox={`${tile.x} ${tile.y} ${tile.w} ${tile.h}`} aria-hidden="true">
          <image href={tile.url} />
        </svg>
      )}
      {tile && <span class="scrub-mark" style={{ "--at": String(at.value) }} />}
    </span>
  );
}

function standIn(job: Job): IconName {
  const media = job.source?.media;
  return media && !media.video_codec && media.audio_codec ? "sound" : "film";
}
