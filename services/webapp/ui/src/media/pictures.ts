// Finds a job's pictures among its outputs. Must never make up an address: it is in the job or there is none.
import type { Job, OutputFile } from "../api/types.ts";

export function posterOf(job: Job): string | null {
  return pictureFile(job, (file) => /^poster\./.test(file.name));
}

export function spritesOf(job: Job): string | null {
  return pictureFile(job, (file) => file.name.endsWith(".vtt"));
}

function pictureFile(job: Job, wanted: (file: OutputFile) => boolean): string | null {
  for (const output of job.outputs) {
    if (output.state !== "published" || output.preset !== "thumbnails") continue;
    const file = output.files?.find(wanted);
    if (file) return file.url;
  }
  return null;
}
