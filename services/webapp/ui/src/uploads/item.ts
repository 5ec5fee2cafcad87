// One upload as the page shows it. Must never act: the queue does.
import { signal, type Signal } from "@preact/signals";
import { Rate } from "./rate.ts";
import type { Transfer } from "./transfer.ts";
import type { UploadRecord } from "./record.ts";

export type UploadStatus =
  | { kind: "queued" | "sending" | "paused" | "submitting" | "done" }
  | { kind: "needs-file"; handle: boolean }
  | { kind: "retrying" | "failed"; why: string };

export interface UploadItem {
  record: UploadRecord;
  /** Absent after a reload, until the same file is dropped again. */
  file: File | null;
  status: Signal<UploadStatus>;
  sent: Signal<number>;
  perSecond: Signal<number | null>;
  rate: Rate;
  transfer: Transfer | null;
  tries: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export function newItem(record: UploadRecord, file: File | null, status: UploadStatus): UploadItem {
  return {
    record,
    file,
    status: signal(status),
    sent: signal(0),
    perSecond: signal(null),
    rate: new Rate(),
    transfer: null,
    tries: 0,
    timer: undefined,
  };
}

/** 1, 2, 4, 8, then every 15 seconds, for as long as the page is open. */
export const delayMs = (tries: number): number => Math.min(15_000, 1000 * 2 ** Math.min(tries, 4));
