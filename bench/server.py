"""A `reelmill serve` to measure, its API, and what it and its children cost."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from machine import PROGRAM

TICKS = os.sysconf("SC_CLK_TCK")
ENDED = ("completed", "partially_completed", "failed", "cancelled")


class Server:
    """`ffmpeg`: another program in ffmpeg's place. `before`: a command that runs the server (strace)."""

    def __init__(self, ffmpeg=None, ffprobe=None, before=()):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-bench-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        env = dict(os.environ)
        if ffmpeg:
            env.update(REELMILL__ENCODER__FFMPEG=str(ffmpeg), REELMILL__ENCODER__FFPROBE=str(ffprobe))
        command = [*before, PROGRAM, "serve", "--listen", self.url.removeprefix("http://"), "--data", self.home / "data"]
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

    def call(self, method, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.url + path, data, {"content-type": kind} if data else {}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)

    def upload(self, path):
        return self.call("PUT", f"/api/v1/uploads?name={path.name}", path.read_bytes(), "application/octet-stream")["id"]

    def run(self, upload, presets):
        """Submits a job and waits for its end, by its event stream: seconds, and the job."""
        begun = time.monotonic()
        body = {"source": {"upload": upload}, "outputs": [{"preset": preset} for preset in presets]}
        job = self.call("POST", "/api/v1/jobs", body)
        with urllib.request.urlopen(f"{self.url}/api/v1/jobs/{job['id']}/events", timeout=600) as stream:
            name = ""
            for line in stream:
                if line.startswith(b"event:"):
                    name = line[6:].strip()
                elif line.startswith(b"data:") and name == b"job" and json.loads(line[5:])["state"] in ENDED:
                    break
        took = time.monotonic() - begun
        job = self.get(f"/api/v1/jobs/{job['id']}")
        if job["state"] != "completed":
            raise RuntimeError(json.dumps(job, indent=1))
        return took, job

    def forget(self, job):
        self.call("DELETE", f"/api/v1/jobs/{job['id']}")

    def cpu(self):
        """Processor seconds of the server and of its children that have ended."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / TICKS

    def memory(self, what="VmRSS"):
        """MiB: `VmRSS` now, `VmHWM` at most since `reset_peak`."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {what}")

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
