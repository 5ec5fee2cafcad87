// The presets on offer and the ones chosen. Must never choose one that no worker can make.
import { computed, signal } from "@preact/signals";
import { listPresets } from "../api/calls.ts";
import { inWords } from "../api/problem.ts";
import { recall, remember } from "../api/remember.ts";
import type { Preset } from "../api/types.ts";

// Plays everywhere, plays without patents, and the pictures that the list shows.
const DEFAULTS = ["mp4-720p", "webm", "thumbnails"];

export const presets = signal<Preset[]>([]);
export const presetsError = signal<string | null>(null);

const stored = recall("presets");
const picked = signal<string[]>(Array.isArray(stored) ? stored.map(String) : DEFAULTS);

/** What would be asked for now, in the server's order. */
export const chosen = computed(() =>
  presets.value.filter((preset) => preset.available && picked.value.includes(preset.name)).map(({ name }) => name),
);

export function toggle(name: string): void {
  picked.value = picked.value.includes(name) ? picked.value.filter((other) => other !== name) : [...picked.value, name];
  remember("presets", picked.value);
}

export async function loadPresets(): Promise<void> {
  try {
    const answer = await listPresets();
    presets.value = Array.isArray(answer) ? answer : answer.items;
    presetsError.value = null;
  } catch (error) {
    presetsError.value = inWords(error);
  }
}

export const presetOf = (name: string): Preset | undefined => presets.value.find((preset) => preset.name === name);
