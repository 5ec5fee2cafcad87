// Clips for the page to send, drawn by FFmpeg once per test file.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Clips {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "reelmill-clips-"));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A film with a tone: size like "320x180", so many seconds. Its path. */
  film(name, size, seconds, more = []) {
    const path = join(this.folder, name);
    const picture = `testsrc2=size=${size}:rate=25:duration=${seconds}`;
    const tone = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
    const inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone];
    execFileSync("ffmpeg", ["-v", "error", "-nostdin", "-y", ...inputs, "-preset", "ultrafast", "-pix_fmt", "yuv420p", ...more, path]);
    return path;
  }

  /** A film that keeps an encoder busy for long: noise. */
  heavy(name, size, seconds) {
    return this.film(name, size, seconds, ["-vf", "noise=alls=40:allf=t", "-crf", "32"]);
  }

  /** A small film made large by a `free` box at its end, which players skip. */
  large(name, bytes) {
    const film = readFileSync(this.film(`small-${name}`, "320x180", 1));
    const rest = bytes - film.length;
    const box = Buffer.alloc(rest, 0x5a);
    box.writeUInt32BE(rest, 0);
    box.write("free", 4, "ascii");
    const path = join(this.folder, name);
    writeFileSync(path, Buffer.concat([film, box]));
    return path;
  }

  /** Something that is no film. */
  letter(name) {
    const path = join(this.folder, name);
    writeFileSync(path, "Dear film,\nI am a letter.\n".repeat(40));
    return path;
  }
}
