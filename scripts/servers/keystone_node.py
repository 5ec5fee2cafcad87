"""Keystone and the Swift that believes it, as one group of processes. Makes the project, its user and the catalogue's entry
once Keystone answers.

usage: keystone_node.py CONF_FOLDER KEYSTONE_PORT SWIFT_PORT
"""

import json
import os
import pathlib
import signal
import socketserver
import subprocess
import sys
import threading
import urllib.request
import wsgiref.simple_server

CONF, PORT, SWIFT_PORT = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
HERE = pathlib.Path(__file__).parent


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Keystone:
    """Its API, as its administrator. Every thing is made unless it is there."""

    def __init__(self):
        self.token = None
        user = {"name": "admin", "domain": {"id": "default"}, "password": "testing"}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        _, headers = self.call("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        self.token = headers["X-Subject-Token"]

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json", **({"X-Auth-Token": self.token} if self.token else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}/v3{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return (json.loads(text) if text else None), answer.headers

    def made(self, kind, name, **fields):
        there = self.call("GET", f"/{kind}s?name={name}")[0][f"{kind}s"]
        return there[0]["id"] if there else self.call("POST", f"/{kind}s", {kind: {"name": name, **fields}})[0][kind]["id"]


def furnish():
    keystone = Keystone()
    project = keystone.made("project", "films", domain_id="default")
    user = keystone.made("user", "encoder", domain_id="default", password="testing")
    role = keystone.made("role", "member")
    keystone.call("PUT", f"/projects/{project}/users/{user}/roles/{role}")
    service = keystone.made("service", "swift", type="object-store")
    if not keystone.call("GET", f"/endpoints?service_id={service}")[0]["endpoints"]:
        url = f"http://127.0.0.1:{SWIFT_PORT}/v1/AUTH_%(project_id)s"
        for interface in ("public", "internal"):
            endpoint = {"service_id": service, "interface": interface, "region_id": "here", "url": url}
            keystone.call("POST", "/endpoints", {"endpoint": endpoint})
    (CONF / "project").write_text(project)


def main():
    # Keystone reads the command line as its own.
    del sys.argv[1:]
    # Python's own threads here; Swift's green ones stay in its own processes.
    from keystone.wsgi.api import application

    turn = threading.Lock()

    def one_at_a_time(env, start_response):
        # Two requests at once see each other's roles here.
        with turn:
            return [b"".join(application(env, start_response))]

    server = wsgiref.simple_server.make_server("127.0.0.1", PORT, one_at_a_time, Server, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    furnish()
    swift = subprocess.Popen([sys.executable, HERE / "swift_node.py", CONF])

    def end(*_):
        swift.terminate()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    sys.exit(swift.wait())


main()
