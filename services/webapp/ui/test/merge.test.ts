// How newer news of a job joins what is on screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, Output } from "../src/api/types.ts";
import { mergeJob, mergeProgress, newestFirst } from "../src/jobs/merge.ts";

const output = (more: Partial<Output> = {}): Output => ({
  id: "o",
  preset: "webm",
  state: "encoding",
  progress: 0.5,
  failures: 0,
  ...more,
});
const job = (more: Partial<Job> = {}): Job => ({
  id: "j",
  state: "encoding",
  progress: 0.5,
  created_at: "",
  outputs: [output()],
  ...more,
});

test("a fetch that is older than the stream does not move a bar back", () => {
  const merged = mergeJob(job(), job({ progress: 0.4, outputs: [output({ progress: 0.4 })] }));
  assert.equal(merged.progress, 0.5);
  assert.equal(merged.outputs[0]?.progress, 0.5);
});

test("a new attempt starts from its own beginning", () => {
  const merged = mergeJob(job(), job({ outputs: [output({ progress: 0.1, failures: 1 })] }));
  assert.equal(merged.outputs[0]?.progress, 0.1);
});

test("late progress does not touch what has ended", () => {
  const over = job({ state: "completed", progress: 1 });
  assert.equal(mergeProgress(over, { job: "j", progress: 0.9 }), over);
  const published = job({ outputs: [output({ state: "published", progress: 1 })] });
  const merged = mergeProgress(published, { job: "j", progress: 0.9, outputs: [{ id: "o", progress: 0.9 }] });
  assert.equal(merged.outputs[0]?.progress, 1);
});

test("progress names only what it knows; the rest stays", () => {
  const two = job({ outputs: [output(), output({ id: "p", progress: 0.2 })] });
  const merged = mergeProgress(two, { job: "j", progress: 0.6, eta_s: 9, outputs: [{ id: "p", progress: 0.3 }] });
  assert.deepEqual([merged.progress, merged.eta_s, ...merged.outputs.map((o) => o.progress)], [0.6, 9, 0.5, 0.3]);
});

test("ids sort by age, each once", () => {
  assert.deepEqual(newestFirst(["a", "c", "b", "c"]), ["c", "b", "a"]);
});
