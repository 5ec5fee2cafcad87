"""make bench: every measurement in turn, then BENCHMARKS.md. Interleaved A B A B, at least 7 pairs, median of the
pairwise ratios with their spread."""

import json
import os
import sys

import four_formats
import front
import idle
import machine
import million
import orchestration
import report
import resident
import scaling
import tasks
import tiny
import upload

PARTS = {
    "orchestration": orchestration.measure,
    "four": four_formats.measure,
    "tiny": tiny.measure,
    "upload": upload.measure,
    "idle": idle.measure,
    "tasks": tasks.measure,
    "scaling": scaling.measure,
    "front": front.measure,
    "resident": resident.measure,
    "million": million.measure,
}


def main():
    chosen = (os.environ.get("ONLY") or " ".join(PARTS)).split()
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        sys.exit(f"ONLY={unknown[0]}: there is {', '.join(PARTS)}")
    pairs = max(7, int(os.environ.get("PAIRS") or 7))
    machine.RESULTS.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        print(f"==> {name}", file=sys.stderr, flush=True)
        described = machine.describe()
        rows = PARTS[name](pairs)
        result = {"machine": described, "rows": rows}
        (machine.RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1))
        for row in rows:
            print("   ", report.line(row), file=sys.stderr, flush=True)
    report.write(list(PARTS))


main()
