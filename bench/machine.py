"""Where things lie, and what this machine is."""

import os
import pathlib
import platform
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(os.environ.get("REELMILL_BIN") or ROOT / "target/release/reelmill").resolve()
RESULTS = ROOT / "target/bench"
BUNNY = ROOT / "tests/media/bigbuckbunny.mp4"


def bench_program():
    """The executable with tasks that do nothing, which releases don't have. Built beside the other, once."""
    target = ROOT / "target/bench-build"
    command = ["cargo", "build", "--quiet", "--release", "-p", "reelmill", "--features", "bench", "--target-dir", target]
    subprocess.run(command, cwd=ROOT, check=True)
    return target / "release/reelmill"


def _first(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def describe():
    """One line about the machine, one about the programs."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    folder = _first(["stat", "-f", "-c", "%T", tempfile.gettempdir()])
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {
        "machine": f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, data on {folder}",
        "programs": f"reelmill {commit or 'unversioned'}, {_first(['ffmpeg', '-version']).split(' Copyright')[0]}",
        # Of the other work on the machine: the less, the more the figures are worth.
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
