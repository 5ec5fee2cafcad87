// Light or dark: the system's wish until the user says otherwise. Must run before the first paint.
import { effect, signal } from "@preact/signals";
import { recall, remember } from "../api/remember.ts";

export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");
const system = (): Theme => (dark.matches ? "dark" : "light");

const stored = recall("theme");
const chosen = signal<Theme | null>(stored === "light" || stored === "dark" ? stored : null);
const preferred = signal<Theme>(system());

dark.addEventListener("change", () => (preferred.value = system()));

export const theme = () => chosen.value ?? preferred.value;

export function flipTheme(): void {
  chosen.value = theme() === "dark" ? "light" : "dark";
  remember("theme", chosen.value);
}

effect(() => {
  document.documentElement.dataset["theme"] = theme();
});
