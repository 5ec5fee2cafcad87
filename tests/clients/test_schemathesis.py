"""schemathesis, which nobody here wrote, against /api/openapi.json: a bounded number of requests, the same ones each time."""

import os
import pathlib
import subprocess
import sys

CONFIG = pathlib.Path(__file__).with_name("schemathesis.toml")
HOOKS = CONFIG.with_name("schemathesis_hooks.py")


def test_the_api_does_as_its_description_says(server, tmp_path):
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("st"),
            f"--config-file={CONFIG}",
            "run",
            f"{server.url}/api/openapi.json",
            "--phases=examples,coverage,fuzzing,stateful",
            "--max-examples=20",
            "--max-time=150",
            "--seed=20",
            "--no-color",
            "--request-timeout=20",
            "--continue-on-failure",
            # Streams of events never end by themselves; the tests in Rust hold them.
            "--exclude-path-regex=/events$",
        ],
        # It keeps notes of its own where it runs.
        cwd=tmp_path,
        env=dict(os.environ, SCHEMATHESIS_HOOKS=str(HOOKS), PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-20000:]}\n{done.stderr[-4000:]}\n{server.said()}"
