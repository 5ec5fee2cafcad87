"""gearmand beside us, with a durable queue in SQLite, by its binary protocol (<http://gearman.org/protocol/>): one client that
sends everything at once, one worker process that does nothing."""

import multiprocessing
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import process

CAN_DO, PRE_SLEEP, GRAB_JOB, JOB_ASSIGN, WORK_COMPLETE = 1, 4, 9, 11, 13
NOOP, SUBMIT_JOB_BG, JOB_CREATED = 6, 18, 8


class Peer:
    """One connection."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def send(self, kind, *fields):
        body = b"\0".join(fields)
        self.socket.sendall(b"\0REQ" + struct.pack(">II", kind, len(body)) + body)

    def receive(self):
        _, kind, length = struct.unpack(">4sII", self.stream.read(12))
        return kind, self.stream.read(length)


def work(address, count, done):
    """A worker: takes so many tasks and says when the last one was done."""
    peer = Peer(address)
    peer.send(CAN_DO, b"noop")
    while count:
        peer.send(GRAB_JOB)
        kind, body = peer.receive()
        if kind == JOB_ASSIGN:
            peer.send(WORK_COMPLETE, body.split(b"\0")[0], b"")
            count -= 1
        elif kind != NOOP:
            peer.send(PRE_SLEEP)
            while peer.receive()[0] != NOOP:
                pass
    done.put(time.monotonic())


class Gearmand:
    """The server."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gearmand-"))
        self.address = process.free_address()
        host, port = self.address.split(":")
        command = ["gearmand", "-L", host, "-p", port, "--queue-type=libsqlite3", f"--libsqlite3-db={self.home}/queue.db"]
        self.server = subprocess.Popen([*command, f"--log-file={self.home}/log", "--verbose=ERROR"])
        deadline = time.monotonic() + 20
        while True:
            try:
                return Peer(self.address).socket.close()
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def throughput(self, count):
        """Tasks per second, from the first submission to the last completion."""
        done = multiprocessing.Queue()
        worker = multiprocessing.Process(target=work, args=(self.address, count, done))
        worker.start()
        client = Peer(self.address)
        begun = time.monotonic()
        for n in range(count):
            client.send(SUBMIT_JOB_BG, b"noop", str(n).encode(), b"")
            if client.receive()[0] != JOB_CREATED:
                raise RuntimeError("gearmand refused a task")
        ended = done.get()
        worker.join()
        return count / (ended - begun)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.home, ignore_errors=True)
