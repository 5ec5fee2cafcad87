// Amounts as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, left, length, percent, speed, until } from "../src/text/amounts.ts";

test("bytes change unit before they would need four digits", () => {
  assert.deepEqual([0, 999, 999.6, 1500, 999_499_999, 999_500_000, 2.84e9].map(bytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 kB",
    "999 MB",
    "1.0 GB",
    "2.8 GB",
  ]);
});

test("what isn't known is empty", () => {
  for (const of of [bytes, length, left, speed]) assert.equal(of(null), "");
  assert.equal(ago("not a time", 0), "");
});

test("a hundred percent is only for what is done", () => {
  assert.deepEqual([-1, 0, 0.999, 1, Number.NaN].map(percent), [0, 0, 99, 100, 0]);
});

test("lengths and what is left", () => {
  assert.deepEqual([0.3, 59.6, 3661].map(length), ["0:01", "1:00", "1:01:01"]);
  assert.deepEqual([0, 59, 61, 3700].map(left), ["1 s left", "59 s left", "1 min left", "1 h 2 min left"]);
});

test("times gone by and times to come", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  assert.equal(ago("2026-01-01T11:59:50Z", now), "just now");
  assert.equal(ago("2026-01-01T11:30:00Z", now), "30 min ago");
  assert.equal(until("2026-01-03T12:00:00Z", now), "2 days");
  assert.equal(until("2025-12-31T12:00:00Z", now), "");
});
