// Jobs in the page: live progress, playing, saving, failures in plain words, cancel, retry, delete.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Clips } from "../lib/clips.mjs";
import { card, launch, open } from "../lib/page.mjs";
import { Server } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

let server, browser, clips, page;

before(async () => {
  clips = new Clips();
  // Breaks every encode of a film that is 322 wide, and says why at length.
  const ffmpeg = join(clips.folder, "ffmpeg");
  writeFileSync(
    ffmpeg,
    `#!/bin/sh
case "$*" in *-progress*)
  if [ -e "${clips.folder}/break" ]; then echo "the tape is torn at frame 7" >&2; exit 1; fi;;
esac
exec /usr/bin/ffmpeg "$@"
`,
  );
  chmodSync(ffmpeg, 0o755);
  const env = { REELMILL__ENCODER__FFMPEG: ffmpeg, REELMILL__TASKS__MAX_ATTEMPTS: "1" };
  [server, browser] = await Promise.all([Server.start(env), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  clips?.remove();
});
afterEach(async () => {
  const { complaints } = page;
  await page.context().close();
  for (const job of (await server.api("GET", "/api/v1/jobs")).items) await server.api("DELETE", `/api/v1/jobs/${job.id}`);
  assert.deepEqual(complaints, []);
});

const row = (of, preset) => of.locator(`[data-testid=output][data-preset=${preset}]`);

test("progress is live: the page moves without a reload", async () => {
  page = await open(browser, server);
  await server.job("live.mp4", readFileSync(clips.heavy("live.mp4", "640x360", 4)), ["mp4-h265"]);
  const one = card(page).filter({ hasText: "live" });
  await one.waitFor();
  const seen = new Set();
  await until("the job to be done", 120, async () => {
    const words = await row(one, "mp4-h265").textContent();
    const percent = /(\d+)\s*%/.exec(words)?.[1];
    if (percent) seen.add(Number(percent));
    return (await one.getAttribute("data-state")) === "completed";
  });
  assert.ok(seen.size >= 3, `only ${[...seen]} were seen`);
  const sorted = [...seen].every((value, n, all) => n === 0 || all[n - 1] <= value);
  assert.ok(sorted, `it ran backwards: ${[...seen]}`);
  await row(one, "mp4-h265").locator("xpath=self::*[@data-state='published']").waitFor();
});

test("a film plays in the page and can be saved", async () => {
  page = await open(browser, server);
  await server.job("played.mp4", readFileSync(clips.film("played.mp4", "320x180", 2)), ["webm", "thumbnails"]);
  const one = card(page, "completed").filter({ hasText: "played" });
  await one.waitFor({ timeout: 60_000 });
  await one.getByTestId("play").click();
  const player = one.getByTestId("player");
  await player.waitFor();
  await until("it to play", 20, () => player.evaluate((film) => film.currentTime > 0.3 && film.videoWidth === 320));
  const [saved] = await Promise.all([page.waitForEvent("download"), row(one, "webm").getByTestId("download").click()]);
  assert.match(saved.suggestedFilename(), /^played\.webm$/);
  const [job] = (await server.api("GET", "/api/v1/jobs")).items;
  const webm = job.outputs.find((output) => output.preset === "webm");
  assert.equal(readFileSync(await saved.path()).length, webm.bytes);
});

test("what is no film fails in plain words", async () => {
  page = await open(browser, server);
  await server.job("letter.mp4", readFileSync(clips.letter("letter.mp4")), ["mkv"]);
  const one = card(page, "failed");
  await one.waitFor();
  const words = await one.getByTestId("error").first().textContent();
  assert.ok(words.length > 20 && !/ffmpeg|undefined|null|\{/.test(words), words);
});

test("a failed output shows the end of the log one click away, and retry makes it", async () => {
  page = await open(browser, server);
  const broken = join(clips.folder, "break");
  writeFileSync(broken, "");
  await server.job("torn.mp4", readFileSync(clips.film("torn.mp4", "320x180", 1)), ["mkv"]);
  const failed = card(page, "failed");
  await failed.waitFor();
  const log = failed.locator("pre").first();
  assert.equal(await log.isVisible(), false);
  await failed.locator("summary", { hasText: "log" }).first().click();
  await log.waitFor();
  assert.match(await log.textContent(), /the tape is torn at frame 7/);

  const { rmSync } = await import("node:fs");
  rmSync(broken);
  await failed.getByTestId("retry").click();
  await card(page, "completed").waitFor({ timeout: 60_000 });
  assert.equal(await card(page).count(), 2);
});

test("a job is cancelled and deleted with a few clicks", async () => {
  page = await open(browser, server);
  await server.job("unwanted.mp4", readFileSync(clips.heavy("unwanted.mp4", "1280x720", 8)), ["webm"]);
  await card(page, "encoding").getByTestId("cancel").click();
  const gone = card(page, "cancelled");
  await gone.waitFor();
  await gone.getByTestId("delete").click();
  await page.getByTestId("confirm").click();
  await card(page).waitFor({ state: "detached" });
  assert.deepEqual((await server.api("GET", "/api/v1/jobs")).items, []);
});

test("a question before deleting can be answered with no", async () => {
  page = await open(browser, server);
  await server.job("kept.mp4", readFileSync(clips.film("kept.mp4", "160x90", 0.5)), ["mkv"]);
  await card(page, "completed").getByTestId("delete").click();
  await page.getByTestId("confirm").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("confirm").waitFor({ state: "detached" });
  assert.equal(await card(page, "completed").count(), 1);
});

test("two pages show the same, and a server that was away is caught up with", async () => {
  page = await open(browser, server);
  const other = await open(browser, server);
  await server.kill();
  await page.getByTestId("offline").waitFor();
  await server.launch();
  await page.getByTestId("offline").waitFor({ state: "detached" });
  // What failed because the server was away, or had only begun, is no fault of the page.
  page.complaints.length = 0;
  await server.job("later.mp4", readFileSync(clips.film("later.mp4", "160x90", 0.5)), ["mkv"]);
  for (const one of [page, other]) await card(one, "completed").filter({ hasText: "later" }).waitFor();
  await other.context().close();
});
