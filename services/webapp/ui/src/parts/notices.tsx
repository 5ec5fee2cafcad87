// Short messages: shown ones (toasts) and ones for screen readers only. Must never be the only place of a lasting fact.
import { signal } from "@preact/signals";
import { Icon } from "./icon.tsx";

interface Notice {
  id: number;
  tone: "good" | "bad";
  text: string;
}

const SHOWN_MS = 6000;

const notices = signal<Notice[]>([]);
const spoken = signal("");
let nextId = 1;

/** Bad news stays until it is dismissed: nobody should have to read fast to learn what failed. */
export function notify(tone: Notice["tone"], text: string): void {
  const id = nextId++;
  notices.value = [...notices.value.filter((notice) => notice.text !== text), { id, tone, text }].slice(-4);
  if (tone === "good") setTimeout(() => dismiss(id), SHOWN_MS);
}

export function say(text: string): void {
  spoken.value = text;
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {spoken}
      </div>
      <div class="notices" role="log" aria-live="polite" aria-label="Messages">
        {notices.value.map(({ id, tone, text }) => (
          <div key={id} class={`notice notice-${tone}`} data-testid="notice">
            <Icon name={tone === "good" ? "check" : "alert"} />
            <p>{text}</p>
            <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
