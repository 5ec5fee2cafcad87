// Reads a sprite sheet's WebVTT. Must treat it as data from anywhere: a cue that isn't understood is left out.

export interface Tile {
  from: number;
  url: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

const CUE = /(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})\s*-->[^\n]*\n\s*(\S+?)#xywh=(\d+),(\d+),(\d+),(\d+)/g;

/** The tiles in time order; sheet names are taken relative to the VTT's own address. */
export function tiles(text: string, base: string): Tile[] {
  return [...text.replaceAll("\r\n", "\n").matchAll(CUE)].map((cue) => {
    const [h, m, s, ms] = [cue[1], cue[2], cue[3], cue[4]].map(Number) as [number, number, number, number];
    const [x, y, w, height] = cue.slice(6, 10).map(Number) as [number, number, number, number];
    return { from: (h || 0) * 3600 + m * 60 + s + ms / 1000, url: new URL(cue[5] ?? "", base).href, x, y, w, h: height };
  });
}
