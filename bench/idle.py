"""Memory of a server with nothing to do."""

import pathlib
import tempfile
import time

import clip
import stats
from server import Server


def measure(pairs):
    started, worked = [], []
    with tempfile.TemporaryDirectory() as folder:
        source = clip.second(pathlib.Path(folder))
        for _ in range(3):
            with Server() as server:
                time.sleep(10)
                started.append(server.memory())
                upload = server.upload(source)
                for _ in range(3):
                    server.run(upload, ["avi", "mkv", "ogg", "webm"])
                time.sleep(10)
                worked.append(server.memory())
    return [
        stats.figure("just started", started, "MiB", aim="≤ 64"),
        stats.figure("after three jobs of four formats", worked, "MiB", aim="≤ 64"),
    ]
