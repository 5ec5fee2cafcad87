// The uploads of this tab: what runs, waits, is paused or must be tried again. Must never lose a file without a word.
import { signal } from "@preact/signals";
import { createJob } from "../api/calls.ts";
import { inWords, mayPass } from "../api/problem.ts";
import { jobFor, type Wish } from "../formats/wish.ts";
import { putJob } from "../jobs/store.ts";
import { say } from "../parts/notices.tsx";
import { forgetHandle } from "./handles.ts";
import { delayMs, newItem, type UploadItem } from "./item.ts";
import { own, release } from "./ownership.ts";
import { discard, fileKey, keep, uploadId } from "./record.ts";
import { Rate } from "./rate.ts";
import { discardOnServer, send } from "./transfer.ts";

// Two at once keep a line full over the gaps between files, and leave connections for the rest of the page.
const AT_ONCE = 2;

export const uploads = signal<UploadItem[]>([]);

const is = (item: UploadItem, ...kinds: string[]): boolean => kinds.includes(item.status.value.kind);

/** Takes a file: a new upload, or the rest of one that waits for this very file. False: it is on its way already. */
export function add(file: File, wish: Wish): boolean {
  const key = fileKey(file);
  const known = uploads.value.find((item) => item.record.key === key);
  if (known && !is(known, "needs-file", "failed")) return false;
  if (known) {
    known.file = file;
    known.status.value = { kind: "queued" };
  } else {
    const record = { key, name: file.name, size: file.size, url: null, wish, since: Date.now() };
    keep(record);
    own(key);
    uploads.value = [...uploads.value, newItem(record, file, { kind: "queued" })];
  }
  pump();
  return true;
}

export function pause(item: UploadItem): void {
  halt(item);
  item.status.value = { kind: "paused" };
  pump();
}

export function resume(item: UploadItem): void {
  clearTimeout(item.timer);
  item.status.value = item.file ? { kind: "queued" } : { kind: "submitting" };
  if (item.file) pump();
  else void submit(item);
}

export async function cancelUpload(item: UploadItem): Promise<void> {
  halt(item);
  leave(item);
  say(`Upload of ${item.record.name} cancelled.`);
  if (item.record.url) await discardOnServer(item.record.url);
}

/** The server is back, or the network: what was waiting to try again does so now. */
export function hurry(): void {
  for (const item of uploads.value) if (is(item, "retrying")) resume(item);
}

function pump(): void {
  const free = AT_ONCE - uploads.value.filter((item) => is(item, "sending")).length;
  for (const item of uploads.value.filter((other) => is(other, "queued")).slice(0, Math.max(0, free))) begin(item);
}

function begin(item: UploadItem): void {
  if (!item.file) return;
  item.status.value = { kind: "sending" };
  const transfer = send(item.file, item.record.url, {
    url: (url) => {
      item.record.url = url;
      keep(item.record);
    },
    sent: (bytes) => {
      item.tries = 0;
      item.sent.value = bytes;
      item.rate.add(performance.now(), bytes);
      item.perSecond.value = item.rate.perSecond();
    },
    done: () => {
      item.sent.value = item.record.size;
      item.status.value = { kind: "submitting" };
      void submit(item);
      pump();
    },
    // An error on its way while the user paused or cancelled is no news any more.
    failed: (error) => item.transfer === transfer && stumble(item, error),
  });
  item.transfer = transfer;
}

/** The upload is whole: ask for the job. Asking twice is harmless, the key makes it the same job. */
export async function submit(item: UploadItem): Promise<void> {
  const { url, name, wish } = item.record;
  if (!url) return;
  try {
    const id = uploadId(url);
    putJob(await createJob(jobFor(id, wish), `upload-${id}`));
    leave(item);
    say(`${name} uploaded; encoding begins.`);
  } catch (error) {
    stumble(item, error);
  }
}

function stumble(item: UploadItem, error: unknown): void {
  halt(item);
  const why = inWords(error);
  if (mayPass(error)) {
    item.status.value = { kind: "retrying", why };
    item.timer = setTimeout(() => resume(item), delayMs(item.tries++));
  } else {
    item.status.value = { kind: "failed", why };
    say(`${item.record.name}: ${why}`);
  }
  pump();
}

function halt(item: UploadItem): void {
  clearTimeout(item.timer);
  void item.transfer?.stop();
  item.transfer = null;
  item.perSecond.value = null;
  item.rate = new Rate();
}

function leave(item: UploadItem): void {
  item.status.value = { kind: "done" };
  uploads.value = uploads.value.filter((other) => other !== item);
  discard(item.record.key);
  void forgetHandle(item.record.key);
  release(item.record.key);
  pump();
}
