// Which tab sends which file. Must never block: where the browser has no locks, every tab shows every upload.

const LOCK = "reelmill.upload.";
const held = new Map<string, () => void>();

/** Until released, or until this tab is gone in whatever way: the browser sees to that. */
export function own(key: string): void {
  void navigator.locks?.request(LOCK + key, { ifAvailable: true }, (lock) =>
    lock ? new Promise<void>((free) => held.set(key, free)) : undefined,
  );
}

export function release(key: string): void {
  held.get(key)?.();
  held.delete(key);
}

/** The uploads that other tabs are sending right now. */
export async function ownedElsewhere(): Promise<Set<string>> {
  const locks = (await navigator.locks?.query())?.held ?? [];
  const keys = locks.map((lock) => lock.name ?? "").filter((name) => name.startsWith(LOCK));
  return new Set(keys.map((name) => name.slice(LOCK.length)).filter((key) => !held.has(key)));
}
