"""Celery beside us: one worker process, its broker and results on the same servers. Runs in `.venv/bench`."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import uuid

from farm import rabbit, server, sql

HERE = pathlib.Path(__file__).parent


class Celery:
    """A worker with one process, that takes tasks and waits."""

    def __init__(self):
        self.name = f"celery_{uuid.uuid4().hex[:12]}"
        sql(f"CREATE DATABASE {self.name}")
        rabbit("PUT", f"/api/vhosts/{self.name}")
        os.environ["PEER_BROKER"] = f"{server('AMQP')}/{self.name}"
        os.environ["PEER_RESULTS"] = f"db+{server('MYSQL').replace('mysql://', 'mysql+pymysql://')}/{self.name}"
        # Its own thread runs the tasks: quicker than a pool of one process.
        command = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "-P", "solo", "-l", "ERROR"]
        command += ["--without-gossip", "--without-mingle"]
        self.worker = subprocess.Popen(command, cwd=HERE, stdin=subprocess.DEVNULL)
        import celery_tasks

        self.tasks = celery_tasks
        self.latency()

    def latency(self):
        """Seconds from the call to the beginning of the task."""
        sent = time.time()
        return self.tasks.when.delay().get(timeout=60, interval=0.005) - sent

    def throughput(self, count):
        """Tasks per second, from the first call to the last result."""
        done = f"SELECT COUNT(*) FROM {self.name}.celery_taskmeta"
        before = int(sql(done))
        begun = time.monotonic()
        for _ in range(count):
            self.tasks.noop.delay()
        while int(sql(done)) - before < count:
            time.sleep(0.05)
        return count / (time.monotonic() - begun)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.worker.send_signal(signal.SIGTERM)
        self.worker.wait(30)
        rabbit("DELETE", f"/api/vhosts/{self.name}")
        sql(f"DROP DATABASE {self.name}")
