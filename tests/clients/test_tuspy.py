"""tuspy, which nobody here wrote: interrupted, resumed, parallel, with checksums, over a crash of the server."""

import asyncio
import hashlib
import pathlib
import random
import threading
import time

import pytest
import requests
from tusclient import client
from tusclient.exceptions import TusCommunicationError
from tusclient.storage import filestorage

BUNNY = pathlib.Path(__file__).resolve().parents[1] / "media" / "bigbuckbunny.mp4"
CHUNK = 300_000


def tus(server):
    return client.TusClient(f"{server.url}/api/v1/uploads")


def film(folder, size, name="film.mp4"):
    """The real clip, made longer by a `free` box that players skip."""
    clip = BUNNY.read_bytes()
    rest = size - len(clip)
    path = folder / name
    path.write_bytes(clip + rest.to_bytes(4, "big") + b"free" + random.Random(size).randbytes(rest - 8))
    return path


def arrived_whole(server, url, path):
    upload = requests.get(url, timeout=30).json()
    assert upload["complete"] and upload["bytes"] == path.stat().st_size
    body = {"source": {"upload": upload["id"]}, "outputs": [{"preset": "audio-opus"}]}
    job = requests.post(f"{server.url}/api/v1/jobs", json=body, timeout=30).json()
    deadline = time.monotonic() + 60
    while job["state"] not in ("completed", "failed", "cancelled", "partially_completed"):
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
        job = requests.get(f"{server.url}/api/v1/jobs/{job['id']}", timeout=30).json()
    assert job["state"] == "completed", job
    assert job["source"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_upload_in_pieces_with_checksums_arrives_whole(server, tmp_path):
    path = film(tmp_path, 4_000_000)
    uploader = tus(server).uploader(str(path), chunk_size=CHUNK, metadata={"filename": path.name}, upload_checksum=True)
    uploader.upload()
    arrived_whole(server, uploader.url, path)


def test_an_interrupted_upload_is_resumed_by_its_address(server, tmp_path):
    path = film(tmp_path, 4_000_000)
    first = tus(server).uploader(str(path), chunk_size=CHUNK)
    first.upload(stop_at=1_500_000)
    second = tus(server).uploader(str(path), chunk_size=CHUNK, url=first.url)
    assert second.offset == 1_500_000
    second.upload()
    arrived_whole(server, first.url, path)


def test_an_interrupted_upload_is_resumed_from_storage(server, tmp_path):
    path = film(tmp_path, 3_000_000)
    storage = filestorage.FileStorage(str(tmp_path / "storage.json"))
    first = tus(server).uploader(str(path), chunk_size=CHUNK, store_url=True, url_storage=storage)
    first.upload(stop_at=900_000)
    second = tus(server).uploader(str(path), chunk_size=CHUNK, store_url=True, url_storage=storage)
    assert (second.url, second.offset) == (first.url, 900_000)
    second.upload()
    arrived_whole(server, first.url, path)


def test_an_upload_goes_on_over_kills_of_the_server(server, tmp_path):
    path = film(tmp_path, 4_000_000)
    uploader = tus(server).uploader(str(path), chunk_size=CHUNK)
    for stop in (600_000, 1_800_000, 3_000_000):
        uploader.upload(stop_at=stop)
        server.kill()
        server.launch()
        assert uploader.get_offset() == uploader.offset, "acknowledged bytes are gone"
    uploader.upload()
    arrived_whole(server, uploader.url, path)


def test_many_uploads_at_once_arrive_whole(server, tmp_path):
    paths = [film(tmp_path, 1_500_000 + n * 1000, f"film-{n}.mp4") for n in range(6)]
    urls = [None] * len(paths)

    def send(n):
        uploader = tus(server).uploader(str(paths[n]), chunk_size=CHUNK, retries=3, retry_delay=1)
        uploader.upload()
        urls[n] = uploader.url

    threads = [threading.Thread(target=send, args=(n,)) for n in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(urls)) == len(paths) and None not in urls
    for url, path in zip(urls, paths):
        arrived_whole(server, url, path)


def test_the_asynchronous_client(server, tmp_path):
    path = film(tmp_path, 2_500_000)

    async def send():
        uploader = tus(server).async_uploader(str(path), chunk_size=CHUNK)
        await uploader.upload()
        return uploader.url

    arrived_whole(server, asyncio.run(send()), path)


def test_an_upload_that_was_ended_can_not_be_resumed(server, tmp_path):
    path = film(tmp_path, 1_500_000)
    uploader = tus(server).uploader(str(path), chunk_size=CHUNK)
    uploader.upload(stop_at=600_000)
    assert requests.delete(uploader.url, headers={"Tus-Resumable": "1.0.0"}, timeout=30).status_code == 204
    with pytest.raises(TusCommunicationError) as refused:
        tus(server).uploader(str(path), chunk_size=CHUNK, url=uploader.url)
    assert refused.value.status_code in (404, 410)
