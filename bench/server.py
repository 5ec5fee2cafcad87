"""A `reelmill serve` to measure, its API, and what it and its children cost."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import process
from api import Api
from machine import PROGRAM


class Server(Api):
    """`ffmpeg`: another program in ffmpeg's place. `before`: a command that runs the server (strace)."""

    def __init__(self, ffmpeg=None, ffprobe=None, before=(), program=PROGRAM):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-bench-"))
        self.url = f"http://{process.free_address()}"
        env = dict(os.environ)
        if ffmpeg:
            env.update(REELMILL__ENCODER__FFMPEG=str(ffmpeg), REELMILL__ENCODER__FFPROBE=str(ffprobe))
        command = [*before, program, "serve", "--listen", self.url.removeprefix("http://"), "--data", self.home / "data"]
        self.log = open(self.home / "log", "wb")
        self.process = subprocess.Popen(command, env=env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if self.get("/readyz"):
                    break
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "log").read_text())
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def cpu(self):
        """Processor seconds of the server and of its children that have ended."""
        return process.cpu(self.process.pid)

    def memory(self, what="VmRSS"):
        """MiB: `VmRSS` now, `VmHWM` at most since its start."""
        return process.memory(self.process.pid, what)
