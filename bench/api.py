"""The HTTP API as the measurements use it. Reads and writes may go to different services."""

import json
import time
import urllib.request

ENDED = ("completed", "partially_completed", "failed", "cancelled")


class Api:
    """Needs `url`, where writes go; and `reads`, where reads go, if that is elsewhere."""

    url = ""
    reads = ""

    def call(self, method, path, body=None, kind="application/json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        base = self.reads if method == "GET" and self.reads else self.url
        request = urllib.request.Request(base + path, data, {"content-type": kind} if data else {}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)

    def upload(self, path):
        return self.call("PUT", f"/api/v1/uploads?name={path.name}", path.read_bytes(), "application/octet-stream")["id"]

    def run(self, upload, presets):
        """Submits a job and waits for its end, by its event stream: seconds, and the job. `presets`: names, or inline ones."""
        begun = time.monotonic()
        body = {"source": {"upload": upload}, "outputs": [{"preset": preset} for preset in presets]}
        job = self.call("POST", "/api/v1/jobs", body)
        with urllib.request.urlopen(f"{self.reads or self.url}/api/v1/jobs/{job['id']}/events", timeout=600) as stream:
            name = ""
            for line in stream:
                if line.startswith(b"event:"):
                    name = line[6:].strip()
                elif line.startswith(b"data:") and name == b"job" and json.loads(line[5:])["state"] in ENDED:
                    break
        took = time.monotonic() - begun
        job = self.get(f"/api/v1/jobs/{job['id']}")
        if job["state"] != "completed":
            raise RuntimeError(json.dumps(job, indent=1))
        return took, job

    def forget(self, job):
        self.call("DELETE", f"/api/v1/jobs/{job['id']}")
