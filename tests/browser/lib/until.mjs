// Waiting for a condition. Must never sleep for a fixed time instead.

/** Looks again and again until `look` gives something truthy, which it returns; fails after `seconds`. */
export async function until(what, seconds, look) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for: ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}
