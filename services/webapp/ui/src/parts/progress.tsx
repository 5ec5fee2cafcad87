// A progress bar that screen readers can read. Must never claim 100 % for what is not done.
import { percent } from "../text/amounts.ts";

interface Props {
  label: string;
  /** 0 to 1; null when it can't be known yet. */
  value: number | null;
  tone?: "work" | "still";
}

export function Progress({ label, value, tone = "work" }: Props) {
  const known = value === null ? {} : { "aria-valuenow": percent(value) };
  return (
    <div
      class={`bar bar-${tone} ${value === null ? "bar-unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...known}
    >
      {/* Set as a property on the element by the renderer, which a strict style policy allows. */}
      <div class="bar-fill" style={{ "--done": String(value ?? 0) }} />
    </div>
  );
}
