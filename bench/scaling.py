"""Tasks of five seconds that only sleep, twenty for each slot: what coordination takes away as slots are added."""

import datetime
import pathlib
import tempfile

import clip
import stats
from farm import Farm
from machine import bench_program

SLEEP_S, EACH = 5, 20


def _at(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def measure(pairs):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = clip.second(pathlib.Path(folder))
        for slots in (1, 4, 16, 64):
            processes = min(slots, 4)
            with Farm(program=bench_program(), encoders=processes, slots=slots // processes) as farm:
                upload = farm.upload(source)
                _, job = farm.run(upload, [{"name": "bench", "bench": {"tasks": slots * EACH, "sleep_s": SLEEP_S}}])
            took = _at(job["finished_at"]) - _at(job["started_at"])
            rows.append(stats.figure(f"{slots} slots in {processes} processes, of linear", [SLEEP_S * EACH / took], "÷", aim="≥ 0.97"))
    return rows
