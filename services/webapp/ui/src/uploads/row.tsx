// One upload: its bar, its state in words, its buttons. Must never offer what would do nothing.
import { Icon } from "../parts/icon.tsx";
import { Progress } from "../parts/progress.tsx";
import { bytes, left, percent } from "../text/amounts.ts";
import type { UploadItem, UploadStatus } from "./item.ts";
import { cancelUpload, pause, resume } from "./queue.ts";
import { continueByHandle } from "./restore.ts";

const PAUSABLE = ["queued", "sending", "retrying"];

export function UploadRow({ item }: { item: UploadItem }) {
  const { name, size } = item.record;
  const status = item.status.value;
  const share = size > 0 ? item.sent.value / size : 0;
  const moving = status.kind === "sending" || status.kind === "submitting";
  return (
    <li class={`upload upload-${status.kind}`} data-testid="upload" data-state={status.kind}>
      <div class="upload-head">
        <span class="upload-name" title={name}>
          {name}
        </span>
        <span class="upload-buttons">
          <MainButton item={item} status={status} />
          {status.kind !== "submitting" && (
            <button
              type="button"
              class="icon-button"
              data-testid="upload-cancel"
              aria-label={`Cancel upload of ${name}`}
              title="Cancel"
              onClick={() => void cancelUpload(item)}
            >
              <Icon name="close" />
            </button>
          )}
        </span>
      </div>
      <Progress label={`Upload of ${name}`} value={share} tone={moving ? "work" : "still"} />
      <p class="upload-words">
        <span class="numbers">
          {percent(share)} % · {bytes(item.sent.value)} of {bytes(size)}
        </span>{" "}
        <span>{words(status, item)}</span>
      </p>
    </li>
  );
}

function MainButton({ item, status }: { item: UploadItem; status: UploadStatus }) {
  const { name } = item.record;
  if (PAUSABLE.includes(status.kind)) {
    return (
      <button
        type="button"
        class="icon-button"
        data-testid="pause"
        aria-label={`Pause upload of ${name}`}
        title="Pause"
        onClick={() => pause(item)}
      >
        <Icon name="pause" />
      </button>
    );
  }
  const byHandle = status.kind === "needs-file" && status.handle;
  if (!byHandle && status.kind !== "paused" && status.kind !== "failed") return null;
  return (
    <button
      type="button"
      class="icon-button"
      data-testid="resume"
      aria-label={`Resume upload of ${name}`}
      title={status.kind === "failed" ? "Try again" : "Resume"}
      onClick={() => (byHandle ? void continueByHandle(item) : resume(item))}
    >
      <Icon name={status.kind === "failed" ? "retry" : "play"} />
    </button>
  );
}

function words(status: UploadStatus, item: UploadItem): string {
  switch (status.kind) {
    case "queued":
      return "Waits for its turn";
    case "sending":
      return speedWords(item);
    case "paused":
      return "Paused";
    case "submitting":
    case "done":
      return "Uploaded; starting to encode";
    case "retrying":
      return `${status.why} Trying again by itself.`;
    case "failed":
      return status.why;
    case "needs-file":
      return status.handle
        ? "Interrupted. Press resume, or drop the file again to continue."
        : "Interrupted. Drop the file again to continue.";
  }
}

function speedWords(item: UploadItem): string {
  const perSecond = item.perSecond.value;
  if (perSecond === null || perSecond < 1) return "Sending";
  return `${bytes(perSecond)}/s · ${left((item.record.size - item.sent.value) / perSecond)}`;
}
