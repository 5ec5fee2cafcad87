// From what was dropped or chosen to files in the queue. Must never read a file's content.
import { chosen } from "../formats/presets.ts";
import { takeWish } from "../formats/wish.ts";
import { notify } from "../parts/notices.tsx";
import { count } from "../text/amounts.ts";
import { keepHandle } from "./handles.ts";
import { add, uploads } from "./queue.ts";
import { fileKey } from "./record.ts";

// As the API allows.
const LONGEST = 300;

interface Picked {
  file: File;
  handle?: FileSystemFileHandle;
}

interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

export function takeFiles(files: Iterable<File>): void {
  take([...files].map((file) => ({ file })));
}

export async function takeDrop(data: DataTransfer): Promise<void> {
  // Everything must be asked of the items now: they are emptied as soon as the event is over.
  const asked = [...data.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({
      file: item.getAsFile(),
      folder: item.webkitGetAsEntry()?.isDirectory === true,
      handle: handleOf(item),
    }));
  const picked: Picked[] = [];
  for (const { file, folder, handle } of asked) {
    const known = await handle;
    if (known?.kind === "directory") picked.push(...(await filesIn(known as FileSystemDirectoryHandle)));
    else if (folder) notify("bad", "This browser can't open folders. Drop the files in it instead.");
    else if (file) picked.push(known ? { file, handle: known as FileSystemFileHandle } : { file });
  }
  if (asked.every(({ folder }) => !folder) || picked.length > 0) take(picked);
}

function take(picked: Picked[]): void {
  if (picked.length === 0) return notify("bad", "There was no file in what you dropped.");
  const continued = picked.filter(({ file }) => uploads.value.some((item) => item.record.key === fileKey(file)));
  if (chosen.value.length === 0 && continued.length < picked.length) {
    return notify("bad", "Choose at least one format first, then drop the file again.");
  }
  const wish = takeWish();
  let twice = 0;
  for (const { file, handle } of picked) {
    // One name for many files would make them all look the same.
    const name = wish.name && picked.length > 1 ? [...`${wish.name} – ${file.name}`].slice(0, LONGEST).join("") : wish.name;
    if (!add(file, { ...wish, name })) twice += 1;
    else if (handle) void keepHandle(fileKey(file), handle);
  }
  if (twice > 0) notify("good", `${count(twice, "file")} already being uploaded.`);
}

async function handleOf(item: HandleItem): Promise<FileSystemHandle | null> {
  return (await item.getAsFileSystemHandle?.().catch(() => null)) ?? null;
}

async function filesIn(folder: FileSystemDirectoryHandle): Promise<Picked[]> {
  const found: Picked[] = [];
  for await (const entry of folder.values()) {
    if (entry.name.startsWith(".")) continue;
    if (entry.kind === "directory") found.push(...(await filesIn(entry as FileSystemDirectoryHandle)));
    else found.push({ file: await (entry as FileSystemFileHandle).getFile(), handle: entry as FileSystemFileHandle });
  }
  return found;
}
