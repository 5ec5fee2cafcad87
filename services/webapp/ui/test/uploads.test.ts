// The rules of uploads that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, inWords, mayPass, problemFrom } from "../src/api/problem.ts";
import { sentence } from "../src/text/words.ts";
import { Rate } from "../src/uploads/rate.ts";
import { fileKey, uploadId } from "../src/uploads/record.ts";

test("an upload's id is the last part of its address", () => {
  for (const url of ["/api/v1/uploads/abc", "https://h/x/api/v1/uploads/abc/?a=1"]) assert.equal(uploadId(url), "abc");
});

test("the same file is known again, a changed one is not", () => {
  const file = { name: "a|b", size: 3, lastModified: 7 };
  assert.equal(fileKey(file), fileKey({ ...file }));
  assert.notEqual(fileKey(file), fileKey({ ...file, lastModified: 8 }));
});

test("the rate follows the last seconds and says nothing too early", () => {
  const rate = new Rate();
  rate.add(0, 0);
  assert.equal(rate.perSecond(), null);
  for (let s = 1; s <= 10; s += 1) rate.add(s * 1000, s <= 4 ? s * 1000 : 4000);
  assert.equal(rate.perSecond(), 0);
});

test("problems speak by their detail, then by their status, never in HTML", () => {
  assert.equal(problemFrom(413, '{"detail":"At most 4 GB.","code":"too_large"}').message, "At most 4 GB.");
  assert.match(problemFrom(507, "<html>").message, /disk is full/);
  assert.match(problemFrom(418, "null").message, /418/);
  assert.equal(inWords(new TypeError("Failed to fetch")), "The server can't be reached.");
});

test("only what may pass by itself is tried again", () => {
  const of = (status: number) => mayPass(new ApiError(status, "", ""));
  assert.deepEqual([409, 423, 500, 503].map(of), [true, true, true, true]);
  assert.deepEqual([400, 413, 422, 507].map(of), [false, false, false, false]);
  assert.equal(mayPass(new TypeError("broken")), true);
});

test("reasons become sentences", () => {
  assert.deepEqual(["never_upscaled", "the source has 720 lines", "Done!", null].map(sentence), [
    "Never upscaled.",
    "The source has 720 lines.",
    "Done!",
    "",
  ]);
});
