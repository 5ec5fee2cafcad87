"""Two gigabytes by one PUT, to Reelmill and to nginx."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import stats
from server import Server

BYTES = int(os.environ.get("UPLOAD_BYTES") or 2_000_000_000)


class Nginx:
    """nginx with its DAV module, as plain as it can be."""

    def __init__(self, home):
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("files", "temp"):
            (home / name).mkdir()
            os.chmod(home / name, 0o777)
        (home / "conf").write_text(
            f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {home}/temp;
  proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  server {{ listen 127.0.0.1:{self.port}; root {home}/files; location / {{ {self.location()} }} }}
}}
"""
        )
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", home / "conf", "-e", home / "error.log"])
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def location(self):
        """What it does with a request."""
        return "dav_methods PUT DELETE;"

    def stop(self):
        self.process.terminate()
        self.process.wait()


def put(body, url, header="Expect:"):
    """Seconds from curl's start to the answer."""
    begun = time.monotonic()
    command = ["curl", "-sS", "--fail-with-body", "-o", "/dev/null", "-H", "Expect:", "-H", header, "-T", body, url]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return time.monotonic() - begun


def fresh():
    """What earlier rounds left for the disk to do is done."""
    os.sync()


class Peak(threading.Thread):
    """The most memory that a server has while this runs."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.on = server, server.memory(), True
        self.start()

    def run(self):
        while self.on:
            self.most = max(self.most, self.server.memory())
            time.sleep(0.02)


def measure(pairs):
    plain, synced, growth = [], [], []
    home = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-upload-"))
    try:
        body = home / "body"
        block = os.urandom(1 << 20)
        with open(body, "wb") as file:
            for at in range(0, BYTES, len(block)):
                file.write(block[: BYTES - at])
        nginx = Nginx(home)
        with Server() as server:
            server.call("PUT", "/api/v1/uploads?name=warm", b"x" * 100_000, "application/octet-stream")
            for n in range(pairs + 1):
                fresh()
                before, peak = server.memory(), Peak(server)
                ours = put(body, f"{server.url}/api/v1/uploads?name=body")
                peak.on = False
                peak.join()
                _drop(server)
                fresh()
                bare = put(body, f"http://127.0.0.1:{nginx.port}/body")
                begun = time.monotonic()
                with open(home / "files/body", "rb") as file:
                    os.fsync(file.fileno())
                durable = bare + time.monotonic() - begun
                os.unlink(home / "files/body")
                if n > 0:
                    plain.append((BYTES / ours / 1e6, BYTES / bare / 1e6))
                    synced.append((BYTES / ours / 1e6, BYTES / durable / 1e6))
                growth.append(peak.most - before)
        nginx.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [
        stats.ratios("throughput ÷ nginx without sync (MB/s)", plain, aim="≥ 0.9"),
        stats.ratios("throughput ÷ nginx with sync (MB/s)", synced),
        stats.figure("memory growth", growth, "MiB", aim="≤ 16"),
    ]


def _drop(server):
    """Removes what was uploaded, so that rounds don't fill the disk."""
    for path in (server.home / "data/objects").rglob("*"):
        if path.is_file() and path.stat().st_size >= BYTES:
            path.unlink()
