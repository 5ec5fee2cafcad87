// How the page can be used and seen: by keyboard alone, on a phone, light and dark, with nothing from elsewhere.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { Clips } from "../lib/clips.mjs";
import { card, launch, open } from "../lib/page.mjs";
import { Server } from "../lib/server.mjs";

let server, browser, clips, page;

before(async () => {
  clips = new Clips();
  [server, browser] = await Promise.all([Server.start(), launch()]);
  const job = await server.job("A rather long name of a film, as cameras and people give them.mp4", readFileSync(clips.film("film.mp4", "320x180", 1)), ["mkv", "webm", "audio-mp3", "thumbnails"]);
  await server.ended(job.id);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  clips?.remove();
});
afterEach(async () => {
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(complaints, []);
});

/** Presses Tab until the element with a test id has the focus; how it shows that it has. */
async function tabTo(id) {
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const at = document.activeElement;
      return { id: at?.closest("[data-testid]")?.getAttribute("data-testid"), own: at?.getAttribute("data-testid") };
    });
    if (found.own === id) return;
  }
  assert.fail(`${id} can't be reached with Tab`);
}

test("everything works by keyboard alone", async () => {
  page = await open(browser, server);
  await tabTo("theme");
  const before = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.keyboard.press("Enter");
  const flipped = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.notEqual(flipped, before);

  await tabTo("file");
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
  await chooser.setFiles([]);

  await tabTo("preset-mkv");
  const was = await page.getByTestId("preset-mkv").isChecked();
  await page.keyboard.press("Space");
  assert.notEqual(await page.getByTestId("preset-mkv").isChecked(), was);

  await tabTo("play");
  await page.keyboard.press("Enter");
  await page.getByTestId("player").waitFor();

  await tabTo("delete");
  await page.keyboard.press("Enter");
  await page.getByTestId("confirm").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("confirm").waitFor({ state: "detached" });
  assert.equal(await card(page).count(), 1);
});

test("a focused control can be seen", async () => {
  page = await open(browser, server);
  for (const id of ["theme", "preset-mkv", "delete"]) {
    await tabTo(id);
    const shown = await page.evaluate(() => {
      const rings = (element) => {
        const style = getComputedStyle(element);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      };
      const at = document.activeElement;
      return rings(at) || rings(at.parentElement) || [...at.parentElement.children].some(rings);
    });
    assert.ok(shown, `${id} shows no focus`);
  }
});

test("it fits a phone", async () => {
  page = await open(browser, server, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await card(page, "completed").waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `the page is ${wide} wide`);
  for (const id of ["theme", "delete", "play"]) {
    const box = await page.getByTestId(id).first().boundingBox();
    assert.ok(box.width >= 32 && box.height >= 32, `${id} is too small for a finger: ${JSON.stringify(box)}`);
    assert.ok(box.x >= 0 && box.x + box.width <= 360, `${id} is out of sight`);
  }
  await page.getByTestId("play").first().tap();
  await page.getByTestId("player").waitFor();
});

/** WCAG 2 contrast of the text colour on what lies behind it, for every visible text. */
const contrasts = () => {
  const parse = (text) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.98) return color;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  for (const element of document.querySelectorAll("h1,h2,h3,p,label,span,button,a,legend,summary")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const style = getComputedStyle(element);
    if (!own || !element.checkVisibility() || style.opacity < 1 || element.closest(".visually-hidden,.poster,:disabled,.chip-off")) continue;
    const [a, b] = [light(parse(style.color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.7 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)} ${element.className}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return poor;
};

for (const colorScheme of ["light", "dark"]) {
  test(`every word can be read, ${colorScheme}`, async () => {
    page = await open(browser, server, { colorScheme });
    await card(page, "completed").waitFor();
    const dark = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const sum = dark.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
    assert.equal(sum < 300, colorScheme === "dark", dark);
    assert.deepEqual(await page.evaluate(contrasts), []);
  });
}

test("the theme is remembered", async () => {
  page = await open(browser, server, { colorScheme: "light" });
  await page.getByTestId("theme").click();
  const dark = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.reload();
  await page.getByTestId("preset-mkv").waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), dark);
});

test("nothing comes from elsewhere, on the page and in the documentation", async () => {
  page = await open(browser, server);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.reload();
  await card(page, "completed").waitFor();
  await page.goto(`${server.url}/docs`);
  await page.getByText("/api/v1/jobs").first().waitFor();
  const elsewhere = asked.filter((url) => !url.startsWith(server.url) && !url.startsWith("data:") && !url.startsWith("blob:"));
  assert.deepEqual(elsewhere, []);
});
