// How fast bytes go out, over the last few seconds. Must never look at a clock: times are passed in.

const WINDOW_MS = 5000;

export class Rate {
  #samples: { at: number; bytes: number }[] = [];

  add(at: number, bytes: number): void {
    this.#samples.push({ at, bytes });
    // One sample older than the window stays, so that the window is always spanned.
    while ((this.#samples[1]?.at ?? Infinity) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Null until enough was seen to say anything. */
  perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - first.at < 500) return null;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}
