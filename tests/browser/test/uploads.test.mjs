// Uploads in the page: by drop and by button, paused, resumed, over a reload and over a crash of the server.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { Clips } from "../lib/clips.mjs";
import { card, choose, drop, launch, open, throttle } from "../lib/page.mjs";
import { Server } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const MB = 1_000_000;
let server, browser, clips, page;

before(async () => {
  clips = new Clips();
  [server, browser] = await Promise.all([Server.start(), launch()]);
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

const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Bytes that the server has of the one upload that is going on. */
async function arrived() {
  const words = await page.getByTestId("upload").locator(".upload-words").textContent();
  const percent = Number(/(\d+)\s*%/.exec(words)?.[1] ?? 0);
  return percent;
}

/** The page's newest job, once it has ended, from the API. */
async function newest() {
  const [job] = (await server.api("GET", "/api/v1/jobs?limit=1")).items;
  return server.ended(job.id);
}

test("a film that is dropped becomes what was chosen", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv", "audio-mp3"]);
  const path = clips.film("dropped.mp4", "320x180", 1);
  await drop(page, "dropped.mp4", readFileSync(path));
  await card(page, "completed").filter({ hasText: "dropped" }).waitFor();
  const job = await newest();
  assert.deepEqual(job.outputs.map((output) => output.preset).sort(), ["audio-mp3", "mkv"]);
  assert.equal(job.source.sha256, sha256(path));
});

test("several films that are chosen by the button become a job each", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv"]);
  const paths = ["one.mp4", "two.mp4", "three.mp4"].map((name) => clips.film(name, "160x90", 0.5));
  await page.getByTestId("file").setInputFiles(paths);
  for (const name of ["one", "two", "three"]) await card(page, "completed").filter({ hasText: name }).waitFor();
});

test("an upload is paused, resumed and arrives whole", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv"]);
  await throttle(page, 2 * MB);
  const path = clips.large("paused.mp4", 12 * MB);
  await page.getByTestId("file").setInputFiles(path);
  await until("some of it to be sent", 30, async () => (await arrived()) >= 5);
  await page.getByTestId("pause").click();
  await page.locator("[data-testid=upload][data-state=paused]").waitFor();
  const at = await arrived();
  assert.ok(at < 95, `it was at ${at} % already`);
  await throttle(page, 0);
  await page.getByTestId("resume").click();
  await card(page, "completed").filter({ hasText: "paused" }).waitFor();
  assert.equal((await newest()).source.sha256, sha256(path));
});

test("an upload goes on after a reload when the file is chosen again", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv"]);
  await throttle(page, 2 * MB);
  const path = clips.large("reloaded.mp4", 12 * MB);
  await page.getByTestId("file").setInputFiles(path);
  await until("some of it to be sent", 30, async () => (await arrived()) >= 20);
  await page.reload();
  await page.locator("[data-testid=upload][data-state=needs-file]").waitFor();
  const patches = [];
  page.on("request", (request) => request.method() === "PATCH" && patches.push(Number(request.headers()["upload-offset"])));
  await page.getByTestId("file").setInputFiles(path);
  await card(page, "completed").filter({ hasText: "reloaded" }).waitFor({ timeout: 60_000 });
  assert.ok(patches[0] > 0, `it began anew: ${patches}`);
  assert.equal((await newest()).source.sha256, sha256(path));
});

test("an upload goes on by itself after the server was killed", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv"]);
  await throttle(page, 2 * MB);
  const path = clips.large("killed.mp4", 12 * MB);
  await page.getByTestId("file").setInputFiles(path);
  await until("some of it to be sent", 30, async () => (await arrived()) >= 10);
  await server.kill();
  await page.locator("[data-testid=upload][data-state=retrying]").waitFor();
  await throttle(page, 0);
  await server.launch();
  await card(page, "completed").filter({ hasText: "killed" }).waitFor({ timeout: 60_000 });
  assert.equal((await newest()).source.sha256, sha256(path));
});

test("an upload that is cancelled leaves the page and the server", async () => {
  page = await open(browser, server);
  await choose(page, ["mkv"]);
  await throttle(page, MB);
  let created;
  page.on("response", (response) => {
    if (response.request().method() === "POST" && response.status() === 201) created ??= response.headers().location;
  });
  await page.getByTestId("file").setInputFiles(clips.large("unwanted.mp4", 12 * MB));
  await until("some of it to be sent", 30, async () => (await arrived()) >= 3);
  await page.getByTestId("upload-cancel").click();
  await page.getByTestId("upload").waitFor({ state: "detached" });
  await until("the server to forget it", 20, async () => {
    const answer = await fetch(new URL(created, server.url), { method: "HEAD", headers: { "tus-resumable": "1.0.0" } });
    return [404, 410].includes(answer.status);
  });
});
