"""What it costs to have an encode done by a job instead of by hand."""

import pathlib
import statistics
import tempfile

import clip
import stats
from server import Server
from spawns import Spawns, split


def measure(pairs):
    walls, cpus, shares = [], [], {}
    with tempfile.TemporaryDirectory() as folder, Spawns() as spawns, Server(spawns.ffmpeg, spawns.ffprobe) as server:
        folder = pathlib.Path(folder)
        source = clip.looped(folder, 6)
        upload = server.upload(source)
        for n in range(pairs + 1):
            spawns.take()
            before = server.cpu()
            wall, job = server.run(upload, ["mkv"])
            cpu = server.cpu() - before
            _, encodes, verifies = split(spawns.take())
            server.forget(job)
            hand_wall, hand_cpu = encodes[0].by_hand(source, folder)
            # The first pair warms caches up.
            if n > 0:
                walls.append((wall - sum(call.wall for call in verifies), hand_wall))
                cpus.append((cpu - sum(call.cpu for call in verifies), hand_cpu))
        for preset in ("avi", "mkv", "ogg", "webm", "mp4-h265", "mp4-av1"):
            source = clip.looped(folder, 1)
            upload = server.upload(source)
            spawns.take()
            _, job = server.run(upload, [preset])
            _, encodes, verifies = split(spawns.take())
            shares[preset] = sum(call.cpu for call in verifies) / sum(call.cpu for call in encodes)
            server.forget(job)
    shortest = min(theirs for _, theirs in walls)
    told = ", ".join(f"{preset} {share:.0%}" for preset, share in shares.items())
    return [
        stats.ratios("wall, submit → published less verification", walls, aim="≤ 1.02", note=f"The encode by hand takes {shortest:.1f} s at least."),
        stats.ratios("processor, likewise", cpus, aim="≤ 1.03"),
        stats.figure("verification ÷ encode, processor, median of encoders", [statistics.median(shares.values())], "÷", note=f"Verification ÷ encode, processor time, by preset: {told}."),
    ]
