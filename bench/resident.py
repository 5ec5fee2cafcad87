"""Memory of the services, each a process of its own: with nothing to do, with 64 uploads at once into S3, with an encode."""

import http.client
import pathlib
import tempfile
import threading
import time
import urllib.parse

import clip
import stats
from farm import Farm

UPLOADS = 64
PIECE = b"\x5a" * (1 << 20)
PIECES = 40


def measure(pairs):
    with tempfile.TemporaryDirectory() as folder, Farm(storage="s3") as farm:
        folder = pathlib.Path(folder)
        farm.run(farm.upload(clip.second(folder)), ["mkv"])
        time.sleep(10)
        idle = {name: farm.memory(name) for name in ("webapp", "status", "encoder-0")}
        peak = Peak(farm, "webapp")
        threads = [threading.Thread(target=_upload, args=(farm.url,)) for _ in range(UPLOADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        uploading = peak.stop()
        upload = farm.upload(clip.looped(folder, 2))
        peaks = [Peak(farm, "encoder-0"), Peak(farm, "status")]
        farm.run(upload, ["mkv", "webm"])
        working = [peak.stop() for peak in peaks]
    return [
        stats.figure("webapp, idle", [idle["webapp"]], "MiB", aim="≤ 40"),
        stats.figure(f"webapp, at most during {UPLOADS} uploads of {PIECES} MiB at once", [uploading], "MiB", aim="≤ 72"),
        stats.figure("status, idle", [idle["status"]], "MiB", aim="≤ 64"),
        stats.figure("status, at most during a job", [working[1]], "MiB", aim="≤ 64"),
        stats.figure("encoder, idle", [idle["encoder-0"]], "MiB", aim="≤ 32"),
        stats.figure("encoder, at most during a job, without its ffmpeg", [working[0]], "MiB", aim="≤ 32"),
    ]


def _upload(url):
    at = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=600)
    connection.putrequest("PUT", "/api/v1/uploads?name=zeros")
    connection.putheader("content-length", str(len(PIECE) * PIECES))
    connection.endheaders()
    for _ in range(PIECES):
        connection.send(PIECE)
    answer = connection.getresponse()
    if answer.status != 201:
        raise RuntimeError(answer.read())


class Peak(threading.Thread):
    """The most memory that a service has while this runs."""

    def __init__(self, farm, name):
        super().__init__(daemon=True)
        self.farm, self.service, self.most, self.on = farm, name, 0, True
        self.start()

    def run(self):
        while self.on:
            self.most = max(self.most, self.farm.memory(self.service))
            time.sleep(0.02)

    def stop(self):
        self.on = False
        self.join()
        return self.most
