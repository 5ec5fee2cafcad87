"""What everything around a task costs: how soon a worker begins, how many tasks a second, how it scales."""

import datetime
import statistics
import tempfile
import pathlib
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


def _begins(api, upload):
    """Seconds from the request that submits a job until it has begun, by the clock that both sides share."""
    sent = time.time()
    return _at(_job(api, upload, 1)["started_at"]) - sent


def _per_second(api, upload):
    job = _job(api, upload, MANY)
    return MANY / (_at(job["finished_at"]) - _at(job["created_at"]))


def _percentile(values, part):
    return statistics.quantiles(values, n=100)[part - 1]


def measure(pairs):
    """Against Celery through MariaDB and RabbitMQ; against gearmand embedded."""
    median, slowest, rate, embedded = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        source = clip.second(pathlib.Path(folder))
        with Farm(program=bench_program()) as farm, Celery() as celery:
            upload = farm.upload(source)
            _begins(farm, upload)
            for _ in range(pairs):
                ours = [_begins(farm, upload) for _ in range(BLOCK)]
                theirs = [celery.latency() for _ in range(BLOCK)]
                median.append((statistics.median(ours) * 1e3, statistics.median(theirs) * 1e3))
                slowest.append((_percentile(ours, 99) * 1e3, _percentile(theirs, 99) * 1e3))
            for _ in range(pairs):
                rate.append((_per_second(farm, upload), celery.throughput(MANY)))
        with Server(program=bench_program()) as server, Gearmand() as gearmand:
            upload = server.upload(source)
            for _ in range(pairs):
                embedded.append((_per_second(server, upload), gearmand.throughput(MANY)))
    return [
        stats.ratios("accept → worker starts, median, ÷ Celery (ms)", median, aim="≤ 1.0"),
        stats.ratios("accept → worker starts, 99th percentile of a block, ÷ Celery (ms)", slowest, aim="≤ 1.0"),
        stats.ratios("no-op tasks per second ÷ Celery", rate, aim="≥ 1.5"),
        stats.ratios("embedded, no-op tasks per second ÷ gearmand", embedded, aim="≥ 0.6"),
    ]
