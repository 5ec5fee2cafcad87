"""The services as processes on real servers (`scripts/servers.sh`): MariaDB, RabbitMQ and, unless said otherwise, Swift's S3.
Each farm has a database, a virtual host and a bucket of its own, which go with it."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import process
from api import Api
from machine import PROGRAM


class Farm(Api):
    """`storage`: `s3` or `folder`. `slots`: of each encoder."""

    def __init__(self, *, encoders=1, slots=1, storage="folder", program=PROGRAM, env=()):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="reelmill-farm-"))
        self.name = f"bench_{uuid.uuid4().hex[:12]}"
        self.processes = {}
        self.program = program
        self.database = f"{server('MYSQL')}/{self.name}"
        sql(f"CREATE DATABASE {self.name}")
        rabbit("PUT", f"/api/vhosts/{self.name}")
        self.env = dict(os.environ)
        self.env.update(
            REELMILL__DATABASE__URL=self.database,
            REELMILL__BROKER__URL=f"{server('AMQP')}/{self.name}",
            REELMILL__LOG__LEVEL="info",
            **dict(env),
        )
        self.env.update(self._s3() if storage == "s3" else self._folder())
        webapp, status = process.free_address(), process.free_address()
        self.url, self.reads = f"http://{webapp}", f"http://{status}"
        try:
            self.start("webapp", REELMILL__WEBAPP__LISTEN=webapp)
            self.start("status", REELMILL__STATUS__LISTEN=status)
            for n in range(encoders):
                self.start_encoder(f"encoder-{n}", slots)
            self._wait(encoders)
        except BaseException:
            self.__exit__()
            raise

    def _folder(self):
        return {"REELMILL__STORAGE__URL": f"file:{self.home}/objects", "REELMILL__STORAGE__SHARED": "true"}

    def _s3(self):
        swift = server("SWIFT_AUTH")
        request = urllib.request.Request(swift, headers={"X-Auth-User": "test:tester", "X-Auth-Key": "testing"})
        with urllib.request.urlopen(request) as answer:
            self.swift = (answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"])
        bucket = self.name.replace("_", "-")
        request = urllib.request.Request(f"{self.swift[0]}/{bucket}", method="PUT", headers={"X-Auth-Token": self.swift[1]})
        urllib.request.urlopen(request).close()
        return {
            "REELMILL__STORAGE__URL": f"s3://{bucket}",
            "REELMILL__STORAGE__ENDPOINT": server("SWIFT_S3"),
            "REELMILL__STORAGE__REGION": "us-east-1",
            "REELMILL__STORAGE__PATH_STYLE": "true",
            "REELMILL__STORAGE__ACCESS_KEY": "test:tester",
            "REELMILL__STORAGE__SECRET_KEY": "testing",
        }

    def start_encoder(self, name, slots):
        self.start(
            "encoder",
            name,
            REELMILL__ENCODER__LISTEN=process.free_address(),
            REELMILL__ENCODER__NAME=name,
            REELMILL__ENCODER__SLOTS=str(slots),
        )

    def start(self, service, name=None, **env):
        name = name or service
        data = self.home / name
        data.mkdir()
        log = open(self.home / f"{name}.log", "wb")
        env = {**self.env, "REELMILL__DATA__DIR": str(data), **env}
        self.processes[name] = subprocess.Popen([self.program, service], env=env, cwd=data, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _wait(self, encoders):
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                self.call("GET", "/readyz")
                urllib.request.urlopen(f"{self.url}/readyz").close()
                live = [w for w in self.get("/api/v1/workers")["items"] if w["state"] == "live"]
                if len(live) == encoders:
                    return
            dead = [name for name, p in self.processes.items() if p.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise RuntimeError("\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in self.home.glob("*.log")))
            time.sleep(0.05)

    def memory(self, name):
        """MiB resident."""
        return process.memory(self.processes[name].pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.processes.values():
            one.send_signal(signal.SIGTERM)
        for one in self.processes.values():
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        rabbit("DELETE", f"/api/vhosts/{self.name}")
        sql(f"DROP DATABASE {self.name}")
        shutil.rmtree(self.home, ignore_errors=True)


def server(name):
    """Where a server is; `scripts/bench.sh` starts them and says."""
    return os.environ[f"REELMILL_TEST_{name}"]


def sql(statement, database=""):
    """Runs SQL on the test server; its rows as lines."""
    at = urllib.parse.urlsplit(server("MYSQL"))
    command = ["mariadb", "--no-defaults", "-N", "-B", "-h", at.hostname, "-P", str(at.port), "-u", at.username, database]
    return subprocess.run(filter(None, command), input=statement, capture_output=True, text=True, check=True).stdout


def rabbit(method, path):
    """Calls RabbitMQ's management API."""
    at = urllib.parse.urlsplit(server("AMQP_API"))
    who = base64.b64encode(f"{at.username}:{at.password}".encode()).decode()
    request = urllib.request.Request(f"http://{at.hostname}:{at.port}{path}", method=method, headers={"Authorization": f"Basic {who}"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None
