"""Sources to encode, made once per run from the kept clip or drawn by FFmpeg."""

import subprocess

from machine import BUNNY


def looped(folder, times):
    """The real clip, so many times over, without encoding it again."""
    path = folder / f"bunny-{times}.mp4"
    _ffmpeg("-stream_loop", str(times - 1), "-i", BUNNY, "-c", "copy", path)
    return path


def second(folder):
    """One second of 640×360 with a tone."""
    path = folder / "second.mp4"
    picture, tone = "testsrc2=size=640x360:rate=25:duration=1", "sine=frequency=440:duration=1"
    _ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-pix_fmt", "yuv420p", path)
    return path


def _ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True)
