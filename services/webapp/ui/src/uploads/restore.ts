// After a reload: finds the unfinished uploads again. Must never start one for which another tab is responsible.
import { getUpload } from "../api/calls.ts";
import { ApiError } from "../api/problem.ts";
import { hasHandle, reopen } from "./handles.ts";
import { newItem, type UploadItem } from "./item.ts";
import { own, ownedElsewhere } from "./ownership.ts";
import { add, submit, uploads } from "./queue.ts";
import { fileKey, keep, kept, uploadId } from "./record.ts";

export async function restoreUploads(): Promise<void> {
  const elsewhere = await ownedElsewhere();
  const found = kept().filter((record) => !elsewhere.has(record.key));
  for (const record of found) {
    if (uploads.value.some((item) => item.record.key === record.key)) continue;
    own(record.key);
    const item = newItem(record, null, { kind: "needs-file", handle: await hasHandle(record.key) });
    uploads.value = [...uploads.value, item];
    void compare(item);
  }
}

/** The server is back: what could not be compared before can be now. */
export function compareAgain(): void {
  for (const item of uploads.value) if (item.status.value.kind === "needs-file") void compare(item);
}

/** Asks the server how much it has. An upload that is whole needs no file any more, only its job. */
async function compare(item: UploadItem): Promise<void> {
  const { record } = item;
  if (!record.url) return;
  try {
    const { offset, complete } = await getUpload(uploadId(record.url));
    if (item.status.value.kind !== "needs-file") return;
    item.sent.value = offset;
    if (complete) {
      item.status.value = { kind: "submitting" };
      await submit(item);
    }
  } catch (error) {
    // Expired on the server: the same file starts over, with the wishes still known.
    if (error instanceof ApiError && [404, 410].includes(error.status)) {
      record.url = null;
      keep(record);
    }
  }
}

/** Goes on with a kept handle; false when only choosing the file again can help. */
export async function continueByHandle(item: UploadItem): Promise<boolean> {
  const file = await reopen(item.record.key);
  if (!file || fileKey(file) !== item.record.key) {
    item.status.value = { kind: "needs-file", handle: false };
    return false;
  }
  return add(file, item.record.wish);
}
