// Unfinished uploads, kept in this browser across reloads. Must never be the truth on how much arrived: the server is.
import { forget, recall, recallKeys, remember } from "../api/remember.ts";
import type { Wish } from "../formats/wish.ts";

export interface UploadRecord {
  /** Which file this is, as far as a browser lets us know. */
  key: string;
  name: string;
  size: number;
  /** The upload's address once the server gave one. */
  url: string | null;
  wish: Wish;
  /** When it was dropped, to show them in that order. */
  since: number;
}

// One storage key each, so that two tabs never overwrite each other's.
const UNDER = "upload.";

export function fileKey(file: { name: string; size: number; lastModified: number }): string {
  return `${file.name}|${file.size}|${file.lastModified}`;
}

export const keep = (record: UploadRecord): void => remember(UNDER + record.key, record);

export const discard = (key: string): void => forget(UNDER + key);

export function kept(): UploadRecord[] {
  return recallKeys(UNDER).map(recall).filter(isRecord).sort((a, b) => a.since - b.since);
}

/** The id is the last part of the address, wherever the server is mounted. */
export function uploadId(url: string): string {
  return decodeURIComponent(new URL(url, "http://base/").pathname.replace(/\/+$/, "").split("/").at(-1) ?? "");
}

function isRecord(value: unknown): value is UploadRecord {
  const record = value as Partial<UploadRecord> | null;
  return (
    typeof record === "object" &&
    typeof record?.key === "string" &&
    typeof record.name === "string" &&
    typeof record.size === "number" &&
    typeof record.since === "number" &&
    Array.isArray(record.wish?.presets)
  );
}
