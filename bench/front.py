"""Uploads through nginx: ours against nginx that proxies, unbuffered, to a second nginx's DAV; and into S3, beside what the
store and the disk take alone."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import process
import stats
from farm import Farm
from machine import ROOT
from upload import Nginx, fresh, put

BYTES = int(os.environ.get("FRONT_BYTES") or 1_000_000_000)


class Front:
    """nginx with our configuration before a farm."""

    def __init__(self, farm, home):
        self.address = process.free_address()
        hosts = [url.removeprefix("http://") for url in (farm.url, farm.reads)]
        command = [ROOT / "scripts/front.sh", home / "front", self.address.split(":")[1], *hosts]
        self.process = subprocess.Popen(command)
        _answers(f"http://{self.address}/api/v1/presets")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Proxy(Nginx):
    """nginx that hands bodies on as they come."""

    def __init__(self, home, upstream):
        self.upstream = upstream
        home.mkdir()
        super().__init__(home)

    def location(self):
        return f"proxy_pass http://{self.upstream}; proxy_request_buffering off; proxy_http_version 1.1;"


def _answers(url):
    deadline = time.monotonic() + 30
    while True:
        try:
            return urllib.request.urlopen(url).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def measure(pairs):
    through, s3 = [], []
    home = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-front-"))
    try:
        body = home / "body"
        block = os.urandom(1 << 20)
        with open(body, "wb") as file:
            for at in range(0, BYTES, len(block)):
                file.write(block[: BYTES - at])
        dav_home = home / "dav"
        dav_home.mkdir()
        os.chmod(home, 0o755)
        dav = Nginx(dav_home)
        proxy = Proxy(home / "proxy", f"127.0.0.1:{dav.port}")
        with Farm(storage="folder", env={"REELMILL__UPLOADS__EXPIRE_S": "60"}) as farm:
            front = Front(farm, home)
            for n in range(pairs + 1):
                fresh()
                ours = put(body, f"http://{front.address}/api/v1/uploads?name=body")
                for kept in (farm.home / "objects").rglob("*"):
                    if kept.is_file() and kept.stat().st_size >= BYTES:
                        kept.unlink()
                fresh()
                theirs = put(body, f"http://127.0.0.1:{proxy.port}/body")
                os.unlink(dav_home / "files/body")
                if n > 0:
                    through.append((BYTES / ours / 1e6, BYTES / theirs / 1e6))
            front.stop()
        proxy.stop()
        with Farm(storage="s3") as farm:
            for n in range(3):
                fresh()
                ours = BYTES / put(body, f"{farm.url}/api/v1/uploads?name=body") / 1e6
                fresh()
                store = BYTES / put(body, f"{farm.swift[0]}/{farm.name.replace('_', '-')}/direct", f"X-Auth-Token: {farm.swift[1]}") / 1e6
                fresh()
                disk = BYTES / put(body, f"http://127.0.0.1:{dav.port}/body") / 1e6
                s3.append((ours, store, disk))
        dav.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [
        stats.ratios("throughput ÷ nginx before nginx (MB/s)", through, aim="≥ 0.9"),
        stats.ratios("into Swift by S3 ÷ one PUT into Swift by curl (MB/s)", [(ours, store) for ours, store, _ in s3]),
        stats.figure("what the disk takes, by nginx's DAV", [disk for *_, disk in s3], "MB/s"),
    ]
