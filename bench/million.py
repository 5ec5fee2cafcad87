"""A database with a million finished jobs: what the list, a job's page and a submission take."""

import pathlib
import random
import statistics
import tempfile
import time
import urllib.parse

import clip
import stats
from farm import Farm, sql

JOBS = 1_000_000
ASKED = 300


def measure(pairs):
    with tempfile.TemporaryDirectory() as folder, Farm() as farm:
        upload = farm.upload(clip.second(pathlib.Path(folder)))
        _, job = farm.run(upload, ["mkv"])
        multiply(farm.name, job["id"])
        known = sql("SELECT LOWER(HEX(id)) FROM jobs ORDER BY RAND(1) LIMIT 300", farm.name).split()
        pages, cursor = [], None
        for _ in range(ASKED):
            path = "/api/v1/jobs?limit=50" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor and random.random() < 0.9 else "")
            took, answer = _timed(farm, "GET", path)
            cursor = answer["next_cursor"]
            pages.append(took)
        one = [_timed(farm, "GET", f"/api/v1/jobs/{_hyphens(id)}")[0] for id in known]
        for name in farm.processes:
            if name.startswith("encoder"):
                farm.processes[name].terminate()
        wish = {"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]}
        submitted = [_timed(farm, "POST", "/api/v1/jobs", wish)[0] for _ in range(ASKED)]
    return [
        stats.figure("job list, 99th percentile", [_slow(pages)], "ms", aim="≤ 30"),
        stats.figure("job page, 99th percentile", [_slow(one)], "ms", aim="≤ 30"),
        stats.figure("submission, 99th percentile", [_slow(submitted)], "ms", aim="≤ 100"),
    ]


def multiply(database, job):
    """Copies a finished job with its outputs, tasks and story until there are a million, each a second older."""
    columns = {}
    for table in ("jobs", "outputs", "tasks", "job_events"):
        columns[table] = sql(f"SELECT column_name FROM information_schema.columns WHERE table_schema='{database}' AND table_name='{table}'").split()
    digits = job.replace("-", "")
    new = "UNHEX(CONCAT('01', LPAD(HEX(seq), 8, '0'), '0000', RIGHT(HEX({0}), 18)))"

    def copy(table, where, change):
        names = [c for c in columns[table] if c != "id" or table != "job_events"]
        values = ", ".join(change.get(c, f"t.`{c}`") for c in names)
        listed = ", ".join(f"`{c}`" for c in names)
        return f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} t JOIN seq_1_to_{JOBS} WHERE {where};"

    of_job = f"t.job_id = UNHEX('{digits}')"
    ids = {"id": new.format("t.id"), "job_id": new.format("t.job_id")}
    older = {c: f"t.`{c}` - seq * 1000" for c in ("created_at", "started_at", "finished_at", "at", "ready_at")}
    tasks = {**ids, **older, "output_id": f"IF(t.output_id IS NULL, NULL, {new.format('t.output_id')})"}
    script = "SET SESSION unique_checks=0; SET SESSION foreign_key_checks=0; SET GLOBAL innodb_flush_log_at_trx_commit=2;"
    script += copy("jobs", f"t.id = UNHEX('{digits}')", {**ids, **older})
    script += copy("outputs", of_job, {**ids, **older})
    script += copy("tasks", of_job, tasks)
    script += copy("job_events", of_job, {**ids, **older})
    script += "SET GLOBAL innodb_flush_log_at_trx_commit=1; ANALYZE TABLE jobs, outputs, tasks, job_events;"
    sql(script, database)


def _hyphens(digits):
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _timed(farm, method, path, body=None):
    begun = time.monotonic()
    answer = farm.call(method, path, body)
    return (time.monotonic() - begun) * 1e3, answer


def _slow(values):
    return statistics.quantiles(values, n=100)[98]
