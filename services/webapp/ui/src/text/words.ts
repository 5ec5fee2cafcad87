// Reelmill's states in plain words. Must never invent a state that the API does not have.
import type { JobState, Media, OutputState } from "../api/types.ts";
import { length } from "./amounts.ts";

export const JOB_WORDS: Record<JobState, string> = {
  queued: "Queued",
  probing: "Looking at the file",
  encoding: "Encoding",
  finishing: "Finishing",
  completed: "Ready",
  partially_completed: "Partly ready",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const OUTPUT_WORDS: Record<OutputState, string> = {
  waiting: "Waiting",
  encoding: "Encoding",
  assembling: "Checking",
  published: "Ready",
  failed: "Failed",
  cancelled: "Cancelled",
  skipped: "Skipped",
  expired: "Expired",
};

const TERMINAL: readonly string[] = ["completed", "partially_completed", "failed", "cancelled"];
export const isOver = (state: JobState): boolean => TERMINAL.includes(state);

export const isMoving = (state: OutputState): boolean => state === "encoding" || state === "assembling";

/** A reason may come as a sentence or as a bare word such as `never_upscaled`; either reads as a sentence. */
export function sentence(reason: string | null | undefined): string {
  const plain = (reason ?? "").trim();
  if (plain === "") return "";
  const spaced = /^[a-z0-9_]+$/.test(plain) ? plain.replaceAll("_", " ") : plain;
  const capital = spaced.charAt(0).toUpperCase() + spaced.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

const CODECS: Record<string, string> = {
  h264: "H.264",
  hevc: "H.265",
  av1: "AV1",
  vp8: "VP8",
  vp9: "VP9",
  mpeg4: "MPEG-4",
  mpeg2video: "MPEG-2",
  theora: "Theora",
  aac: "AAC",
  mp3: "MP3",
  opus: "Opus",
  vorbis: "Vorbis",
  flac: "FLAC",
};

const codec = (name: string | null | undefined): string => CODECS[name ?? ""] ?? name ?? "";

/** "1280×720 · H.264 + AAC · 0:05", with what is known. */
export function mediaWords(media: Media | null | undefined): string {
  if (!media) return "";
  const size = media.width && media.height ? `${media.width}×${media.height}` : "";
  const codecs = [codec(media.video_codec), codec(media.audio_codec)].filter(Boolean).join(" + ");
  return [size, codecs, length(media.duration_s)].filter(Boolean).join(" · ");
}
