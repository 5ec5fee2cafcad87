// Which output this browser can play best. Must never offer a file that would only show an error.
import type { Job, Output } from "../api/types.ts";

export interface Playable {
  output: Output;
  url: string;
  kind: "video" | "audio";
}

// What plays best and seeks best first; sound alone only where there is no picture.
const TYPES: Record<string, { kind: "video" | "audio"; type: string; rank: number }> = {
  mp4: { kind: "video", type: "video/mp4", rank: 0 },
  webm: { kind: "video", type: "video/webm", rank: 1 },
  ogv: { kind: "video", type: 'video/ogg; codecs="theora, vorbis"', rank: 3 },
  m4a: { kind: "audio", type: "audio/mp4", rank: 4 },
  mp3: { kind: "audio", type: "audio/mpeg", rank: 4 },
  opus: { kind: "audio", type: 'audio/ogg; codecs="opus"', rank: 4 },
};

// Codecs that a container's name alone says nothing about; played only when the browser is sure, and after the rest.
const CODECS: Record<string, string> = { hevc: "hvc1.1.6.L120.90", av1: "av01.0.08M.08" };

export type CanPlay = (type: string) => string;

/** The published outputs that `canPlay` accepts, the best first. */
export function playables(job: Job, canPlay: CanPlay): Playable[] {
  return job.outputs
    .flatMap((output) => {
      const url = output.state === "published" ? output.url : null;
      const known = TYPES[extension(url ?? "")];
      if (!url || !known) return [];
      const codec = CODECS[output.media?.video_codec ?? ""];
      const type = codec ? `${known.type}; codecs="${codec}"` : known.type;
      if (canPlay(type) === "") return [];
      return [{ output, url, kind: known.kind, rank: codec ? 2 : known.rank }];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ output, url, kind }) => ({ output, url, kind }));
}

export function extension(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  return /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
}
