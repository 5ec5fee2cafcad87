// What is wished for a file, fixed when the file is dropped. Must never change while its upload runs.
import { signal } from "@preact/signals";
import type { NewJob } from "../api/types.ts";
import { chosen } from "./presets.ts";

export interface Wish {
  presets: string[];
  name: string;
  priority: number;
  strict: boolean;
}

export const NORMAL = 5;

export const name = signal("");
export const priority = signal(NORMAL);
export const strict = signal(false);

/** The wish as the form says it now; the name is used up, the rest stays for the next file. */
export function takeWish(): Wish {
  const wish = { presets: chosen.value, name: name.value.trim(), priority: priority.value, strict: strict.value };
  name.value = "";
  return wish;
}

/** Defaults are left out: what the user did not touch is the server's to decide. */
export function jobFor(upload: string, wish: Wish): NewJob {
  return {
    source: { upload },
    outputs: wish.presets.map((preset) => ({ preset })),
    ...(wish.name === "" ? {} : { name: wish.name }),
    ...(wish.priority === NORMAL ? {} : { priority: wish.priority }),
    ...(wish.strict ? { strict: true } : {}),
  };
}
