// Uploads a file, asks for outputs and follows them, with nothing but the HTTP API. Exit status 0: all published.
import { openAsBlob } from "node:fs";
import { basename } from "node:path";

const [server, file, list] = process.argv.slice(2);
const terminal = ["completed", "partially_completed", "failed", "cancelled"];

async function call(method, path, options = {}) {
  const response = await fetch(server + path, { method, ...options });
  const body = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body.code}: ${body.detail}`);
  return body;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const bar = (part) => "█".repeat(Math.round(part * 20)).padEnd(20, "░");

function line(output) {
  const speed = output.speed ? `  ${output.speed.toFixed(2)}×` : "";
  const eta = output.eta_s ? `  ${Math.ceil(output.eta_s)} s left` : "";
  return `  ${output.preset.padEnd(5)} ${bar(output.progress)} ${String(Math.floor(output.progress * 100)).padStart(3)} %  ${output.state}${speed}${eta}`;
}

/** Redraws in place on a terminal; elsewhere says each change of state once. */
function painter() {
  let drawn = 0;
  const said = new Map();
  return (outputs) => {
    if (process.stdout.isTTY) {
      if (drawn) process.stdout.write(`\x1b[${drawn}A`);
      for (const output of outputs) process.stdout.write(`\x1b[2K${line(output)}\n`);
      drawn = outputs.length;
      return;
    }
    for (const output of outputs) {
      const now = `${output.state} ${Math.floor(output.progress * 4)}`;
      if (said.get(output.id) !== now) console.log(line(output));
      said.set(output.id, now);
    }
  };
}

const name = basename(file);
const body = await openAsBlob(file);
console.log(`Uploading ${name} (${megabytes(body.size)})`);
const upload = await call("PUT", `/api/v1/uploads?name=${encodeURIComponent(name)}`, { body });
let job = await call("POST", "/api/v1/jobs", {
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ source: { upload: upload.id }, outputs: list.split(",").map((preset) => ({ preset })) }),
});
console.log(`Job ${job.id}`);

const paint = painter();
while (!terminal.includes(job.state)) {
  await new Promise((resolve) => setTimeout(resolve, 250));
  job = await call("GET", `/api/v1/jobs/${job.id}`);
  paint(job.outputs);
}

console.log(`\nThe job is ${job.state}.`);
for (const warning of job.warnings) console.log(`Warning: ${warning.message}`);
for (const { preset, state, url, bytes, error, reason } of job.outputs) {
  if (url) console.log(`${preset.padEnd(5)} ${megabytes(bytes).padStart(9)}  ${new URL(url, server)}`);
  else console.log(`${preset.padEnd(5)} ${state}: ${error?.message ?? reason ?? job.error?.message ?? ""}`);
}
process.exitCode = job.outputs.every((output) => output.state === "published") ? 0 : 1;
