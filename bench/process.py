"""What the kernel says of a process, and where a new one may listen."""

import os
import pathlib
import socket

TICKS = os.sysconf("SC_CLK_TCK")


def free_address():
    """`127.0.0.1:port`, free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def cpu(pid):
    """Processor seconds of a process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def memory(pid, what="VmRSS"):
    """MiB: `VmRSS` now, `VmHWM` at most since its start."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {what}")
