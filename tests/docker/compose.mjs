// docker-compose.yml as it runs in the project that COMPOSE_PROJECT_NAME names, and its API through nginx at REELMILL_URL.
import { execFileSync } from "node:child_process";
import { until } from "../browser/lib/until.mjs";

export const url = process.env.REELMILL_URL;

export function docker(...args) {
  return execFileSync("docker", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }).trim();
}

export function compose(...args) {
  return docker("compose", ...args);
}

/** Ids of a service's containers, also of those that have ended. */
export function containers(service) {
  return compose("ps", "-aq", service).split("\n").filter(Boolean);
}

/** SIGKILL to everything in a container, as a crash of its machine. Must be started again by hand. */
export function kill(container) {
  docker("kill", "--signal", "KILL", container);
}

/** Starts what does not run, and waits until all of it is well and answers. */
export async function up() {
  const scale = ["webapp=2", "status=2", "encoder=4"].flatMap((one) => ["--scale", one]);
  execFileSync("docker", ["compose", "up", "--detach", "--wait", "--no-build", "--no-recreate", ...scale], { stdio: "pipe" });
  // The first call after a restart may find its connection closed.
  await until("the API", 30, () => fetch(`${url}/readyz`).then((answer) => answer.status === 200, () => false));
}

/** The API's answer, which must be a success. */
export async function api(method, path, body) {
  const options = { method };
  if (body instanceof Uint8Array) options.body = body;
  else if (body) Object.assign(options, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const answer = await fetch(url + path, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Uploads bytes and asks for outputs; the job. */
export async function submit(name, bytes, presets) {
  const upload = await api("PUT", `/api/v1/uploads?name=${encodeURIComponent(name)}`, bytes);
  return api("POST", "/api/v1/jobs", { source: { upload: upload.id }, outputs: presets.map((preset) => ({ preset })) });
}

export async function ended(id, seconds = 300) {
  return until(`job ${id} to end`, seconds, async () => {
    const job = await api("GET", `/api/v1/jobs/${id}`);
    return ["completed", "partially_completed", "failed", "cancelled"].includes(job.state) && job;
  });
}

/** The workers that are live. */
export async function workers() {
  return (await api("GET", "/api/v1/workers")).items.filter((worker) => worker.state === "live");
}

/** The name of the container that runs a task now; workers are called after their host, which is the container's id. */
export async function encoding() {
  return until("a worker to encode", 60, async () => {
    const busy = (await workers()).find((worker) => worker.tasks.some((task) => task.kind === "encode"));
    return busy?.name;
  });
}
