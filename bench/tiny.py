"""A job so small that what surrounds the encode is most of it: how long, how many processes, where the time goes."""

import pathlib
import re
import statistics
import tempfile

import clip
import stats
from server import Server
from spawns import Spawns, split


def measure(pairs):
    walls = []
    with tempfile.TemporaryDirectory() as folder, Spawns() as spawns:
        folder = pathlib.Path(folder)
        source = clip.second(folder)
        with Server(spawns.ffmpeg, spawns.ffprobe) as server:
            upload = server.upload(source)
            server.run(upload, ["mkv"])
            spawns.take()
            parts = [_parts(server, spawns, upload) for _ in range(5)]
            spawns.take()
            _, job = server.run(upload, ["mkv"])
            encode = split(spawns.take())[1][0]
        with Server() as server:
            upload = server.upload(source)
            server.run(upload, ["mkv"])
            for _ in range(pairs):
                ours, _ = server.run(upload, ["mkv"])
                walls.append((ours, encode.by_hand(source, folder)[0]))
        count = _count(folder, source)
    names = ("probing", "encoding", "verifying", "everything else")
    told = ", ".join(f"{name} {statistics.median(part[n] for part in parts) * 1000:.0f} ms" for n, name in enumerate(names))
    return [
        stats.ratios("submit → published ÷ bare ffmpeg", walls, note=f"Where the time goes (with the calls timed, a few ms each): {told}."),
        stats.figure("ffmpeg and ffprobe spawned", [count], "spawns", aim="≤ 4"),
    ]


def _parts(server, spawns, upload):
    wall, _ = server.run(upload, ["mkv"])
    times = [sum(call.wall for call in calls) for calls in split(spawns.take())]
    return [*times, wall - sum(times)]


def _count(folder, source):
    """Processes started for one job, as the kernel saw them."""
    trace = folder / "trace"
    with Server(before=["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(trace)]) as server:
        upload = server.upload(source)
        begun = len(_spawned(trace))
        server.run(upload, ["mkv"])
        return len(_spawned(trace)) - begun


def _spawned(trace):
    """Their process ids; a call that found no program there ends in -1."""
    lines = trace.read_text(errors="replace").splitlines()
    return {line.split()[0] for line in lines if re.search(r'execve\("[^"]*/ff(mpeg|probe)"', line) and "= -1" not in line}
