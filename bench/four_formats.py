"""Four formats of one source in one job, against four ffmpeg one after another."""

import os
import pathlib
import tempfile

import clip
import stats
from server import Server
from spawns import Spawns, split

FOUR = ["avi", "mkv", "ogg", "webm"]


def measure(pairs):
    raw, less = [], []
    with tempfile.TemporaryDirectory() as folder, Spawns() as spawns, Server(spawns.ffmpeg, spawns.ffprobe) as server:
        folder = pathlib.Path(folder)
        source = clip.looped(folder, 1)
        upload = server.upload(source)
        for n in range(pairs + 1):
            spawns.take()
            wall, job = server.run(upload, FOUR)
            _, encodes, verifies = split(spawns.take())
            server.forget(job)
            if len(encodes) != len(FOUR):
                raise RuntimeError(f"{len(encodes)} encodes for four formats")
            hand = sum(call.by_hand(source, folder)[0] for call in encodes)
            if n > 0:
                raw.append((wall, hand))
                less.append((wall - sum(call.cpu for call in verifies) / os.cpu_count(), hand))
    return [
        stats.ratios("wall, less verification", less, aim="≤ 0.85"),
        stats.ratios("wall, verification included", raw),
    ]
