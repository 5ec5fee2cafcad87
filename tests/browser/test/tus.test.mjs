// tus-js-client, which nobody here wrote, in Node.js: interrupted, resumed, parallel, ended.
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tus from "tus-js-client";
import { Clips } from "../lib/clips.mjs";
import { Server } from "../lib/server.mjs";

const MB = 1_000_000;
let server, clips;

before(async () => {
  clips = new Clips();
  server = await Server.start();
});
after(async () => {
  await server?.stop();
  clips?.remove();
});

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Starts an upload; `stopAt` aborts it once so many bytes are sent. Its address, or the error. */
function send(path, { stopAt, ...options } = {}) {
  return new Promise((done, failed) => {
    const upload = new tus.Upload(createReadStream(path), {
      endpoint: `${server.url}/api/v1/uploads`,
      metadata: { filename: path.split("/").at(-1), filetype: "video/mp4" },
      uploadSize: readFileSync(path).length,
      chunkSize: MB,
      retryDelays: [0, 200, 500, 1000, 2000, 3000],
      onError: failed,
      onSuccess: () => done(upload.url),
      onChunkComplete: (_size, sent) => {
        if (stopAt && sent >= stopAt) void upload.abort().then(() => done(upload.url));
      },
      ...options,
    });
    upload.start();
  });
}

/** Holds the server's bytes against the file by way of a job's probe. */
async function arrivedWhole(url, path) {
  const id = url.split("/").at(-1);
  const upload = await server.api("GET", `/api/v1/uploads/${id}`);
  assert.equal(upload.complete, true);
  assert.equal(upload.name, path.split("/").at(-1));
  const job = await server.api("POST", "/api/v1/jobs", { source: { upload: id }, outputs: [{ preset: "audio-opus" }] });
  assert.equal((await server.ended(job.id)).source.sha256, sha256(readFileSync(path)));
}

test("an upload in many pieces arrives whole", async () => {
  const path = clips.large("pieces.mp4", 9 * MB);
  await arrivedWhole(await send(path), path);
});

test("an upload in one piece, with the data in the creation, arrives whole", async () => {
  const path = clips.large("one.mp4", 5 * MB);
  await arrivedWhole(await send(path, { chunkSize: Infinity, uploadDataDuringCreation: true }), path);
});

test("an interrupted upload is resumed where it stopped", async () => {
  const path = clips.large("interrupted.mp4", 9 * MB);
  const url = await send(path, { stopAt: 4 * MB });
  const asked = [];
  const again = await send(path, {
    uploadUrl: url,
    onBeforeRequest: (request) => void asked.push([request.getMethod(), Number(request.getHeader("Upload-Offset"))]),
  });
  assert.equal(again, url);
  const first = asked.find(([method]) => method === "PATCH");
  assert.ok(first[1] >= 4 * MB, `it began anew: ${asked}`);
  await arrivedWhole(url, path);
});

test("an upload goes on by itself when the server is killed under it", async () => {
  const path = clips.large("killed.mp4", 9 * MB);
  let struck;
  const url = await send(path, {
    onChunkComplete: (_size, sent) => {
      if (sent >= 3 * MB && !struck) struck = server.kill().then(() => server.launch());
    },
  });
  await struck;
  await arrivedWhole(url, path);
});

test("ten uploads at once arrive whole", async () => {
  const paths = Array.from({ length: 10 }, (_, n) => {
    const path = join(clips.folder, `many-${n}.bin`);
    writeFileSync(path, randomFillSync(Buffer.alloc(2 * MB + n)));
    return path;
  });
  const urls = await Promise.all(paths.map((path) => send(path, { chunkSize: 300_000 })));
  assert.equal(new Set(urls).size, 10);
  for (const [n, url] of urls.entries()) {
    const upload = await server.api("GET", `/api/v1/uploads/${url.split("/").at(-1)}`);
    assert.equal(upload.bytes, 2 * MB + n);
    assert.equal(upload.complete, true);
  }
});

test("an upload that is given up is gone from the server", async () => {
  const path = clips.large("given-up.mp4", 4 * MB);
  const url = await send(path, { stopAt: 2 * MB });
  await tus.Upload.terminate(url);
  const answer = await fetch(url, { method: "HEAD", headers: { "tus-resumable": "1.0.0" } });
  assert.ok([404, 410].includes(answer.status), String(answer.status));
});
