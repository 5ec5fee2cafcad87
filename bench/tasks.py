"""What everything around a task costs: how soon a worker begins, how many tasks a second, how it scales."""

import datetime
import json
import pathlib
import statistics
import tempfile
import time

import clip
import stats
from celery_peer import Celery
from farm import Farm
from gearman_peer import Gearmand
from machine import bench_program
from server import Server

MANY = 5000
BLOCK = 40


def _job(api, upload, tasks, sleep_s=0):
    _, job = api.run(upload, [{"name": "bench", "bench": {"tasks": tasks, "sleep_s": sleep_s}}])
    return job


def _at(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def _begins(farm, upload):
    """Seconds from the request that submits a job until the worker begins its first task, as the worker's log has it, and
    from the moment that the job was written, by the clock that all sides share."""
    sent = time.time()
    job = _job(farm, upload, 1)
    for line in reversed((farm.home / "encoder-0.log").read_text().splitlines()):
        said = json.loads(line)
        if said.get("message") == "started" and said.get("kind") == "probe":
            begun = _at(said["timestamp"])
            return begun - sent, begun - _at(job["created_at"])
    raise RuntimeError("the worker told of no start")


def _per_second(api, upload):
    job = _job(api, upload, MANY)
    return MANY / (_at(job["finished_at"]) - _at(job["created_at"]))


def _percentile(values, part):
    return statistics.quantiles(values, n=100)[part - 1]


def measure(pairs):
    """Against Celery through MariaDB and RabbitMQ; against gearmand embedded."""
    median, slowest, request, rate, embedded = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        source = clip.second(pathlib.Path(folder))
        with Farm(program=bench_program()) as farm, Celery() as celery:
            upload = farm.upload(source)
            _begins(farm, upload)
            for _ in range(pairs):
                ours = [_begins(farm, upload) for _ in range(BLOCK)]
                theirs = [celery.latency() for _ in range(BLOCK)]
                asked, accepted = ([one[n] for one in ours] for n in (0, 1))
                median.append((statistics.median(accepted) * 1e3, statistics.median(theirs) * 1e3))
                slowest.append((_percentile(accepted, 99) * 1e3, _percentile(theirs, 99) * 1e3))
                request.append((statistics.median(asked) * 1e3, statistics.median(theirs) * 1e3))
            for _ in range(pairs):
                rate.append((_per_second(farm, upload), celery.throughput(MANY)))
        with Server(program=bench_program()) as server, Gearmand() as gearmand:
            upload = server.upload(source)
            for _ in range(pairs):
                embedded.append((_per_second(server, upload), gearmand.throughput(MANY)))
    return [
        stats.ratios("accept → worker starts, median, ÷ Celery (ms)", median, aim="≤ 1.0"),
        stats.ratios("accept → worker starts, 99th percentile of a block, ÷ Celery (ms)", slowest, aim="≤ 1.0"),
        stats.ratios("the same from the request that submits the job, median (ms)", request),
        stats.ratios("no-op tasks per second ÷ Celery", rate, aim="≥ 1.5"),
        stats.ratios("embedded, no-op tasks per second ÷ gearmand", embedded, aim="≥ 0.6"),
    ]
