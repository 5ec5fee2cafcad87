// Numbers as people read them. Must never guess: what isn't known is an empty string.

export function bytes(count: number | null | undefined): string {
  if (count == null || !Number.isFinite(count) || count < 0) return "";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = count;
  let unit = 0;
  // 999.5 would be shown as "1000", so it belongs to the next unit already.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A media length: 0:07, 12:34, 1:02:03. */
export function length(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds <= 0) return "";
  const whole = Math.max(1, Math.round(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** What is left, coarse on purpose: an estimate to the second would look like a promise. */
export function left(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min left`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}

export function percent(fraction: number | null | undefined): number {
  if (fraction == null || !Number.isFinite(fraction)) return 0;
  // 100 is only for what is done; 99.7 % is not.
  return fraction >= 1 ? 100 : Math.max(0, Math.min(99, Math.floor(fraction * 100)));
}

export function speed(times: number | null | undefined): string {
  if (times == null || !Number.isFinite(times) || times <= 0) return "";
  return `${times.toFixed(times < 9.95 ? 1 : 0)}× speed`;
}

export function ago(when: string | null | undefined, now: number): string {
  const then = Date.parse(when ?? "");
  if (Number.isNaN(then)) return "";
  const seconds = (now - then) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(then).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

export function until(when: string | null | undefined, now: number): string {
  const seconds = (Date.parse(when ?? "") - now) / 1000;
  if (Number.isNaN(seconds) || seconds <= 0) return "";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
