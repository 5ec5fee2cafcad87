"""A stand-in for ffmpeg and ffprobe that writes down each call (arguments, wall and processor time) and passes it on.
It costs a few milliseconds a call, so it is not used where single milliseconds count."""

import pathlib
import shutil
import tempfile
import resource
import subprocess
import time

SCRIPT = """#!/bin/bash
# Times with microseconds, without a process of its own; a file for each call, as several run at once.
begun=$EPOCHREALTIME
{program} "$@" &
child=$!
wait $child
code=$?
ended=$EPOCHREALTIME
exec >> {folder}/$begun.$$
times
printf '\\0'
printf '%s\\0' {name} "$begun" "$ended" "$@"
exit $code
"""


class Spawns:
    """The stand-ins, and what they wrote down."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-spawns-"))
        self.calls = self.folder / "calls"
        self.calls.mkdir()
        for name in ("ffmpeg", "ffprobe"):
            path = self.folder / name
            path.write_text(SCRIPT.format(program=shutil.which(name), name=name, folder=self.calls))
            path.chmod(0o755)
        self.ffmpeg, self.ffprobe = self.folder / "ffmpeg", self.folder / "ffprobe"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def take(self):
        """The calls since the last take, in the order of their ends."""
        calls = []
        for path in self.calls.iterdir():
            times, name, begun, ended, *args = path.read_bytes().decode().rstrip("\0").split("\0")
            # The shell's own line comes first, its children's second.
            cpu = sum(map(_seconds, times.splitlines()[1].split()))
            calls.append(Call(name, _number(begun), _number(ended), cpu, args))
            path.unlink()
        return sorted(calls, key=lambda call: call.ended)


def _number(text):
    return float(text.replace(",", "."))


def _seconds(text):
    """`1m2.345s`, as bash's `times` has it."""
    minutes, seconds = text.rstrip("s").split("m")
    return int(minutes) * 60 + _number(seconds)


class Call:
    """One call: when (epoch seconds), how long, at what cost, with which arguments."""

    def __init__(self, name, begun, ended, cpu, args):
        self.name, self.begun, self.ended, self.cpu, self.args = name, begun, ended, cpu, args
        self.wall = ended - begun

    @property
    def encodes(self):
        """It makes an output; what only looks is not asked for its progress."""
        return self.name == "ffmpeg" and "-progress" in self.args

    def by_hand(self, source, folder):
        """The same command on a file of ours: wall and processor seconds. Only the two paths differ."""
        args = list(self.args)
        args[args.index("-i") + 1] = f"file:{source}"
        target = folder / f"by-hand{pathlib.Path(args[-1]).suffix}"
        args[-1] = f"file:{target}"
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(["ffmpeg", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        target.unlink()
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def split(calls):
    """Calls of one job: probing, encoding, verifying (whatever looks at what the encodes made)."""
    encodes = [call for call in calls if call.encodes]
    first = min(call.begun for call in encodes)
    rest = [call for call in calls if not call.encodes]
    return [call for call in rest if call.ended <= first], encodes, [call for call in rest if call.ended > first]
