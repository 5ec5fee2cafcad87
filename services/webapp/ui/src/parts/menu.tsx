// A small list that opens under its button and closes like a menu. Must never trap the focus.
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  const open = useSignal(false);

  useEffect(() => {
    if (!open.value) return;
    const stop = new AbortController();
    const close = () => details.current && (details.current.open = false);
    const outside = (event: Event) => details.current?.contains(event.target as Node) || close();
    const escape = (event: KeyboardEvent) => event.key === "Escape" && close();
    document.addEventListener("pointerdown", outside, { signal: stop.signal });
    document.addEventListener("focusin", outside, { signal: stop.signal });
    document.addEventListener("keydown", escape, { signal: stop.signal });
    return () => stop.abort();
  }, [open.value]);

  return (
    <details ref={details} class="menu" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary class="download">{label}</summary>
      <ul class="plain-list menu-list">{children}</ul>
    </details>
  );
}
