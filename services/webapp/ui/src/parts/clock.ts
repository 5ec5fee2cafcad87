// A slow clock for "3 min ago". Must never tick faster than anyone could notice.
import { signal } from "@preact/signals";

export const now = signal(Date.now());

setInterval(() => (now.value = Date.now()), 20_000);
