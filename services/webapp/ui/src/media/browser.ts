// Asks this browser what it plays. Apart from playable.ts so that the rules can be tested without a browser.
import type { CanPlay } from "./playable.ts";

const probe = document.createElement("video");

export const canPlay: CanPlay = (type) => probe.canPlayType(type);
