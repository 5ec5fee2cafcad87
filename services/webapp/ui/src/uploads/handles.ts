// File handles, kept so that an upload can go on after a reload without choosing the file again.
// Must never be needed: browsers without them ask for the file. No byte of a file is ever stored here.

const DB = "reelmill";
const STORE = "handles";

interface Askable extends FileSystemFileHandle {
  requestPermission?: (wish: { mode: "read" }) => Promise<PermissionState>;
}

export async function keepHandle(key: string, handle: FileSystemFileHandle): Promise<void> {
  await within("readwrite", (store) => store.put(handle, key));
}

export async function forgetHandle(key: string): Promise<void> {
  await within("readwrite", (store) => store.delete(key));
}

export async function hasHandle(key: string): Promise<boolean> {
  return ((await within<number>("readonly", (store) => store.count(key))) ?? 0) > 0;
}

/** The file behind a kept handle; null when the user says no or the file is gone. Call it from a click. */
export async function reopen(key: string): Promise<File | null> {
  const handle = await within<Askable>("readonly", (store) => store.get(key));
  try {
    if ((await handle?.requestPermission?.({ mode: "read" })) !== "granted") return null;
    return (await handle?.getFile()) ?? null;
  } catch {
    return null;
  }
}

/** Private windows and old browsers have no database; then there is simply no handle. */
function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<T | undefined>;
function within(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve) => {
    const nothing = () => resolve(undefined);
    try {
      const open = indexedDB.open(DB, 1);
      open.onupgradeneeded = () => open.result.createObjectStore(STORE);
      open.onerror = nothing;
      open.onsuccess = () => {
        const db = open.result;
        const done = db.transaction(STORE, mode);
        const request = act(done.objectStore(STORE));
        request.onsuccess = () => resolve(request.result);
        request.onerror = nothing;
        done.onabort = nothing;
        done.oncomplete = () => db.close();
      };
    } catch {
      nothing();
    }
  });
}
