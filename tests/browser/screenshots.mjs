// The page's pictures in docs/: light, dark and phone, with real jobs in every state that a newcomer meets.
import { mkdirSync, readFileSync } from "node:fs";
import { Clips } from "./lib/clips.mjs";
import { card, launch, open } from "./lib/page.mjs";
import { Server } from "./lib/server.mjs";

const docs = new URL("../../docs/", import.meta.url).pathname;
mkdirSync(docs, { recursive: true });
const clips = new Clips();
const [server, browser] = await Promise.all([Server.start(), launch()]);
try {
  const bunny = readFileSync(new URL("../media/bigbuckbunny.mp4", import.meta.url));
  const city = readFileSync(new URL("../media/cityCC0.mpg", import.meta.url));
  await server.ended((await server.job("letter.pdf", readFileSync(clips.letter("letter.pdf")), ["mkv"])).id);
  const done = await server.job("Big Buck Bunny.mp4", bunny, ["avi", "mkv", "ogg", "webm", "audio-mp3", "thumbnails"]);
  await server.ended(done.id);
  const ready = await server.job("City.mpg", city, ["mp4-480p", "thumbnails"]);
  await server.ended(ready.id);
  const looks = [
    ["page-light", { colorScheme: "light" }],
    ["page-dark", { colorScheme: "dark" }],
    ["page-phone", { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
  ];
  for (const [name, options] of looks) {
    const page = await open(browser, server, options);
    const busy = await server.job("Holiday.mp4", readFileSync(clips.heavy("holiday.mp4", "1280x720", 12)), ["mp4-h265", "webm"]);
    await card(page, "encoding").first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("[data-testid=going]")].some((line) => /[1-9]\d* %/.test(line.textContent)), null, { timeout: 90_000 });
    await page.waitForFunction(() => [...document.images].every((image) => image.complete));
    await page.screenshot({ path: `${docs}${name}.png` });
    await server.api("DELETE", `/api/v1/jobs/${busy.id}`);
    await page.context().close();
    process.stderr.write(`docs/${name}.png\n`);
  }
} finally {
  await browser.close();
  await server.stop();
  clips.remove();
}
