// A real `reelmill serve` on a folder of its own. Must leave no process and no file behind.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { until } from "./until.mjs";

const executable = resolve(process.env.REELMILL_BIN ?? new URL("../../../target/debug/reelmill", import.meta.url).pathname);

export class Server {
  /** Starts one and waits until it is ready. `env`: further settings. */
  static async start(env = {}) {
    const server = new Server();
    server.env = env;
    server.home = mkdtempSync(join(tmpdir(), "reelmill-browser-"));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    await server.launch();
    return server;
  }

  async launch() {
    const log = createWriteStream(join(this.home, "server.log"), { flags: "a" });
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data", join(this.home, "data")];
    this.child = spawn(executable, args, { cwd: this.home, env: { ...process.env, ...this.env }, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.pipe(log, { end: false });
    this.child.stderr.pipe(log, { end: false });
    this.gone = new Promise((done) => this.child.on("close", done).on("error", done));
    let ended = false;
    void this.gone.then(() => (ended = true));
    await until("the server to be ready", 60, async () => {
      if (ended) throw new Error(`reelmill ended at its start: ${this.log()}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      return answer?.status === 200;
    });
  }

  /** SIGKILL. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.gone;
  }

  async stop() {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 30_000);
    await this.gone;
    clearTimeout(timer);
    const log = this.log();
    rmSync(this.home, { recursive: true, force: true });
    if (log.includes("panicked at")) throw new Error(`it panicked:\n${log}`);
  }

  log() {
    return readFileSync(join(this.home, "server.log"), "utf8").slice(-16_000);
  }

  /** An API call that must succeed. */
  async api(method, path, body) {
    const options = { method };
    if (body instanceof Uint8Array) options.body = body;
    else if (body) Object.assign(options, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const answer = await fetch(this.url + path, options);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Uploads a file's bytes and asks for outputs; the job. */
  async job(name, bytes, presets, more = {}) {
    const upload = await this.api("PUT", `/api/v1/uploads?name=${encodeURIComponent(name)}`, bytes);
    return this.api("POST", "/api/v1/jobs", { source: { upload: upload.id }, outputs: presets.map((preset) => ({ preset })), ...more });
  }

  async ended(id) {
    let job;
    await until("the job to end", 180, async () => {
      job = await this.api("GET", `/api/v1/jobs/${id}`);
      return ["completed", "partially_completed", "failed", "cancelled"].includes(job.state);
    });
    return job;
  }
}

function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
    probe.on("error", failed);
  });
}
