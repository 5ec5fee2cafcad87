"""Swift's four servers as one group of processes: the imports are paid once, and all of them end together.

usage: swift_node.py CONF_FOLDER, which holds {account,container,object,proxy}-server.conf
"""

import os
import signal
import sys

import swift.account.server  # noqa: F401  (loaded before the fork, for all)
import swift.container.server  # noqa: F401
import swift.obj.server  # noqa: F401
import swift.proxy.server  # noqa: F401
from swift.common import wsgi

KINDS = ("account", "container", "object", "proxy")


def serve(kind, conf):
    # Swift would leave our process group, by which we find and end it.
    wsgi.clean_up_daemon_hygiene = lambda: None
    os._exit(wsgi.run_wsgi(os.path.join(conf, f"{kind}-server.conf"), f"{kind}-server", verbose=False) or 0)


def main(conf):
    children = {}
    for kind in KINDS:
        child = os.fork()
        if child == 0:
            serve(kind, conf)
        children[child] = kind

    def end(*_):
        for child in children:
            try:
                os.kill(child, signal.SIGTERM)
            except ProcessLookupError:
                pass
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    child, status = os.wait()
    print(f"{children.pop(child)} ended: {status}", file=sys.stderr)
    for other in children:
        os.kill(other, signal.SIGKILL)
    sys.exit(1)


main(sys.argv[1])
