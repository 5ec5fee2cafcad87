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
    """Seconds until the worker has the first task of a new job in hand, and until `started` is said durably: both from the
    moment that the job is accepted, its commit, by webapp's and the worker's logs; and the first from the sending of the
    request. One clock for all."""
    sent = time.time()
    job = _job(farm, upload, 1)
    accepted = _last(farm, "webapp", lambda said: said.get("message") == "accepted" and said["job"] == job["id"])
    started = _last(farm, "encoder-0", lambda said: said.get("message") == "started" and said["kind"] == "probe")
    said = _at(started["timestamp"])
    taken = said - started["said_after_ms"] / 1e3
    accepted = _at(accepted["timestamp"])
    return taken - accepted, said - accepted, taken - sent


def _last(farm, service, wanted):
    for line in reversed((farm.home / f"{service}.log").read_text().splitlines()):
        said = json.loads(line)
        if wanted(said):
            return said
    raise RuntimeError(f"{service} didn't say it")


def _per_second(api, upload):
    job = _job(api, upload, MANY)
    return MANY / (_at(job["finished_at"]) - _at(job["created_at"]))


def _percentile(values, part):
    return statistics.quantiles(values, n=100)[part - 1]


def measure(pairs):
    """Against Celery through MariaDB and RabbitMQ; against gearmand embedded."""
    median, slowest, durable, request, rate, embedded = [], [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        source = clip.second(pathlib.Path(folder))
        with Farm(program=bench_program()) as farm, Celery() as celery:
            upload = farm.upload(source)
            _begins(farm, upload)
            for _ in range(pairs):
                ours = [_begins(farm, upload) for _ in range(BLOCK)]
                theirs = [celery.latency() for _ in range(BLOCK)]
                taken, said, asked = ([one[n] for one in ours] for n in range(3))
                median.append((statistics.median(taken) * 1e3, statistics.median(theirs) * 1e3))
                slowest.append((_percentile(taken, 99) * 1e3, _percentile(theirs, 99) * 1e3))
                durable.append((statistics.median(said) * 1e3, statistics.median(theirs) * 1e3))
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
        stats.ratios("the same until `started` is said durably, median (ms)", durable),
        stats.ratios("the same from the sending of the request that submits the job, median (ms)", request),
        stats.ratios("no-op tasks per second ÷ Celery", rate, aim="≥ 1.5"),
        stats.ratios("embedded, no-op tasks per second ÷ gearmand", embedded, aim="≥ 0.6"),
    ]
