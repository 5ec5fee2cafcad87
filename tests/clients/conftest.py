"""A real `reelmill serve` for each test file, on a folder of its own."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Server:
    """A running server. `kill` is SIGKILL; `launch` starts it again on the same data and port."""

    def __init__(self, home):
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.launch()

    def launch(self):
        program = pathlib.Path(os.environ.get("REELMILL_BIN", ROOT / "target/debug/reelmill")).resolve()
        self.log = open(self.home / "server.log", "ab")
        self.process = subprocess.Popen(
            [program, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.home / "data"],
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended at its start:\n{self.said()}"
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise AssertionError(f"not ready after 60 s:\n{self.said()}")

    def said(self):
        return (self.home / "server.log").read_text(errors="replace")[-8000:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(timeout=30) == 0, self.said()
        finally:
            self.process.kill()
            self.log.close()
        assert "panicked at" not in self.said(), self.said()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()
