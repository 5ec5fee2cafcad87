// Where files come in: a zone with a button, and the whole page as its target. Must work without a mouse.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icon.tsx";
import { takeDrop, takeFiles } from "./pick.ts";

const over = signal(false);

// Fingers don't drag files.
const TOUCH = matchMedia("(hover: none)").matches;

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

export function DropZone() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(watchPage, []);

  const picked = () => {
    takeFiles(input.current?.files ?? []);
    // So that choosing the same file again is a change again.
    if (input.current) input.current.value = "";
  };

  return (
    <div class={over.value ? "drop drop-over" : "drop"} data-testid="drop">
      <span class="drop-icon">
        <Icon name="upload" />
      </span>
      <p class="drop-title">{over.value ? "Let go to upload" : TOUCH ? "Add videos" : "Drop videos anywhere"}</p>
      <p class="drop-text">Any format, any size. Uploads go on where they stopped.</p>
      <label class="button button-main">
        Choose files
        {/* No `accept`: the server judges a file by its content, never by its name. */}
        <input
          ref={input}
          type="file"
          multiple
          class="visually-hidden"
          data-testid="file"
          aria-label="Choose files to upload"
          onChange={picked}
        />
      </label>
    </div>
  );
}

export function DropVeil() {
  return over.value ? <div class="veil" aria-hidden="true" /> : null;
}

function watchPage(): () => void {
  // Entering a child fires before leaving its parent, so the depth is what tells inside from outside.
  let depth = 0;
  const stop = new AbortController();
  const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) =>
    addEventListener(type, (event) => hasFiles(event) && (event.preventDefault(), act(event)), { signal: stop.signal });
  const leave = (to: number) => {
    depth = Math.max(0, to);
    over.value = depth > 0;
  };

  on("dragenter", () => leave(depth + 1));
  on("dragleave", () => leave(depth - 1));
  on("dragover", (event) => event.dataTransfer && (event.dataTransfer.dropEffect = "copy"));
  on("drop", (event) => {
    leave(0);
    if (event.dataTransfer) void takeDrop(event.dataTransfer);
  });
  return () => stop.abort();
}
