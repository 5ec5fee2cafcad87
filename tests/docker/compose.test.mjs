// The whole of docker-compose.yml at work: two webapps, two statuses, four encoders behind nginx. Run by `make test-docker`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Clips } from "../browser/lib/clips.mjs";
import { card, choose, launch, open } from "../browser/lib/page.mjs";
import { until } from "../browser/lib/until.mjs";
import { api, compose, containers, docker, encoding, ended, kill, submit, up, url, workers } from "./compose.mjs";

let clips, browser;
before(async () => {
  clips = new Clips();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  clips?.remove();
});

const FOUR = ["avi", "mkv", "ogg", "webm"];

function published(job) {
  assert.equal(job.state, "completed", JSON.stringify(job, null, 1));
  for (const output of job.outputs) assert.equal(output.state, "published", JSON.stringify(output, null, 1));
}

test("a film that a browser sends through nginx comes out in four formats, made by four workers", async () => {
  await until("four workers", 60, async () => (await workers()).length === 4);
  const page = await open(browser, { url });
  await choose(page, FOUR);
  await page.getByTestId("file").setInputFiles(clips.heavy("browser.mp4", "640x360", 6));
  const busy = new Set();
  await until("the job to be done", 300, async () => {
    for (const worker of await workers()) if (worker.tasks.length) busy.add(worker.name);
    return (await card(page, "completed").filter({ hasText: "browser" }).count()) === 1;
  });
  assert.equal(busy.size, 4, `only ${[...busy]} worked`);
  const [job] = (await api("GET", "/api/v1/jobs?limit=1")).items;
  published(await ended(job.id));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("finished files come from the object store through nginx, in ranges, and are kept", async () => {
  const made = await submit("ranges.mp4", readFileSync(clips.film("ranges.mp4", "320x180", 2)), ["mkv"]);
  const job = await ended(made.id);
  published(job);
  const [output] = job.outputs;
  const whole = await fetch(new URL(output.url, url));
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get("x-cache"), "MISS");
  assert.equal(whole.headers.get("content-type"), "video/x-matroska");
  assert.equal(whole.headers.get("etag"), `"${output.sha256}"`);
  const bytes = Buffer.from(await whole.arrayBuffer());
  assert.equal(bytes.length, output.bytes);
  const part = await fetch(new URL(output.url, url), { headers: { range: "bytes=100-199" } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("x-cache"), "HIT");
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
  const metrics = await fetch(`${url}/metrics`);
  assert.equal(metrics.status, 404);
});

test("a job outlives the encoder that worked on it", async () => {
  const made = await submit("killed.mp4", readFileSync(clips.heavy("killed.mp4", "640x360", 10)), ["webm"]);
  const name = await encoding();
  const [victim] = containers("encoder").filter((id) => id.startsWith(name));
  assert.ok(victim, `no container is called ${name}`);
  kill(victim);
  const job = await ended(made.id);
  published(job);
  await up();
  await until("four workers again", 60, async () => (await workers()).length === 4);
});

test("nobody notices that a webapp and a status are killed in the middle of a job", async () => {
  const made = await submit("covered.mp4", readFileSync(clips.heavy("covered.mp4", "640x360", 10)), ["webm", "mkv"]);
  await encoding();
  const victims = [containers("webapp")[0], containers("status")[0]];
  let asked = 0;
  let lost = 0;
  let asking = true;
  const answers = (async () => {
    while (asking) {
      // Pages, reads and writes: each must be answered, by whoever is left.
      for (const path of ["/", "/api/v1/jobs?limit=1", `/api/v1/jobs/${made.id}`]) {
        const answer = await fetch(url + path);
        const text = await answer.text();
        assert.equal(answer.status, 200, `${path}: ${answer.status} ${answer.status === 200 ? "" : text}`);
      }
      // An upload is never sent twice by the front: the one that its webapp took with it fails.
      await api("PUT", "/api/v1/uploads?name=small.bin", Buffer.alloc(1000)).catch(() => (lost += 1));
      asked += 1;
    }
  })();
  await until("some answers", 30, () => asked > 5);
  for (const victim of victims) kill(victim);
  const job = await Promise.race([ended(made.id), answers.then(() => assert.fail("it stopped asking"))]);
  asking = false;
  await answers;
  published(job);
  assert.ok(asked > 20, `asked only ${asked} times`);
  assert.ok(lost <= 1, `${lost} uploads failed`);
  await up();
});

test("nothing is root, and nothing can change its own image", async () => {
  for (const service of ["webapp", "status", "encoder"]) {
    for (const id of containers(service)) {
      const { Config, HostConfig } = JSON.parse(docker("inspect", id))[0];
      assert.equal(Config.User, "10001:10001");
      assert.equal(HostConfig.ReadonlyRootfs, true);
      assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
      assert.match(docker("exec", id, "sh", "-c", "touch /usr/local/bin/x 2>&1 || true"), /Read-only file system/);
      assert.equal(docker("exec", id, "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline").split(" ")[0], "/usr/bin/tini");
    }
  }
  // A worker reaches neither the database nor its password.
  const [encoder] = containers("encoder");
  assert.throws(() => docker("exec", encoder, "getent", "hosts", "mysql"));
  assert.doesNotMatch(docker("exec", encoder, "env"), /mysql/i);
});

test("secrets are in no log", async () => {
  const env = readFileSync(process.env.SECRETS_FILE, "utf8");
  const secrets = [...env.matchAll(/^(?:\w*(?:PASSWORD|SECRET)\w*)=(\S+)$/gm)].map((match) => match[1]);
  assert.ok(secrets.length >= 5, "no secrets to look for");
  const logs = compose("logs", "--no-color", "webapp", "status", "encoder", "nginx");
  assert.ok(logs.length > 1000, "no logs");
  for (const secret of secrets) assert.ok(!logs.includes(secret), "a secret stands in a log");
});

test("everything is there again after all of it went down and up", async () => {
  const before = (await api("GET", "/api/v1/jobs?limit=50")).items;
  assert.ok(before.length >= 4);
  for (const job of before) await ended(job.id);
  compose("stop");
  await up();
  const jobs = (await api("GET", "/api/v1/jobs?limit=50")).items;
  assert.deepEqual(jobs.map((job) => [job.id, job.state]), before.map((job) => [job.id, job.state]));
  const output = jobs.flatMap((job) => job.outputs).find((one) => one.state === "published");
  const file = await fetch(new URL(output.url, url));
  assert.equal((await file.arrayBuffer()).byteLength, output.bytes);
  const made = await submit("again.mp4", readFileSync(clips.film("again.mp4", "320x180", 1)), ["audio-mp3"]);
  published(await ended(made.id));
});
