// What can be played, and where the sprite sheet's pictures are.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, Output } from "../src/api/types.ts";
import { extension, playables } from "../src/media/playable.ts";
import { tiles } from "../src/media/vtt.ts";

const published = (url: string, video_codec = "h264"): Output => ({
  id: url,
  preset: "p",
  state: "published",
  url,
  media: { video_codec },
});
const job = (...outputs: Output[]): Job => ({ id: "j", state: "completed", created_at: "", outputs });

test("mp4 before webm before sound; what the browser refuses is left out", () => {
  const all = job(
    published("/a.mp3"),
    published("/a.avi"),
    published("/a.webm"),
    published("/h.mp4", "hevc"),
    published("/a.mp4"),
    { ...published("/b.mp4"), state: "expired" },
  );
  const chosen = playables(all, (type) => (type.includes("hvc1") ? "" : "maybe"));
  assert.deepEqual(
    chosen.map(({ url }) => url),
    ["/a.mp4", "/a.webm", "/a.mp3"],
  );
});

test("an extension is the path's, not the query's", () => {
  assert.deepEqual(["/a/b.MP4?x=.webm", "/no-dot", ""].map(extension), ["mp4", "", ""]);
});

test("sprite cues, with and without hours; anything else is left out", () => {
  const text =
    "WEBVTT\r\n\r\n00:05.500 --> 00:06.000\r\ns.jpg#xywh=160,90,160,90\r\n\r\nrubbish --> x\ny\n\n" +
    "1\n01:00:00.000 --> 01:00:02.000 align:start\nsub/t.jpg#xywh=0,0,8,9\n";
  assert.deepEqual(tiles(text, "http://h/media/v.vtt"), [
    { from: 5.5, url: "http://h/media/s.jpg", x: 160, y: 90, w: 160, h: 90 },
    { from: 3600, url: "http://h/media/sub/t.jpg", x: 0, y: 0, w: 8, h: 9 },
  ]);
});
