// Sends one file by tus, from wherever the server has it. Must never retry by itself: the queue decides when.
import { DetailedError, Upload, type UploadOptions } from "tus-js-client";
import { API } from "../api/http.ts";
import { ApiError, problemFrom } from "../api/problem.ts";

export interface Transfer {
  stop: () => Promise<void>;
}

const UNREADABLE = "The file was moved, changed or can't be read any more. Cancel this upload and drop it again.";

interface Told {
  url: (url: string) => void;
  sent: (bytes: number) => void;
  done: () => void;
  failed: (error: Error) => void;
}

export function send(file: File, url: string | null, told: Told): Transfer {
  const options: UploadOptions = {
    endpoint: new URL(`${API}/uploads`, location.href).href,
    uploadUrl: url,
    metadata: { filename: file.name, filetype: file.type },
    retryDelays: null,
    storeFingerprintForResuming: false, // our own record holds the address, beside the wishes
    onUploadUrlAvailable: () => upload.url !== null && told.url(upload.url),
    onProgress: (sent) => told.sent(sent),
    onSuccess: () => told.done(),
    onError: (error) => void plain(error, file).then(told.failed),
  };
  const upload = new Upload(file, options);
  upload.start();
  return { stop: () => upload.abort(false) };
}

/** Frees the server's copy. It expires by itself too, so a failure here is nobody's trouble. */
export async function discardOnServer(url: string): Promise<void> {
  await Upload.terminate(url, { retryDelays: null }).catch(() => undefined);
}

async function plain(error: Error, file: File): Promise<Error> {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (response && response.getStatus() >= 400) return problemFrom(response.getStatus(), response.getBody());
  // A file that was moved or changed looks like a broken connection to the sender; only reading tells.
  return (await readable(file)) ? error : new ApiError(400, "file_unreadable", UNREADABLE);
}

async function readable(file: File): Promise<boolean> {
  return file.slice(0, 1).arrayBuffer().then(
    () => true,
    () => false,
  );
}
