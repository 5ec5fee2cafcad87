"""The peer's tasks: Celery as durable as we are. Quorum queue, confirmed publishing, late acknowledgement, results in the
same database server."""

import os
import time

from celery import Celery

app = Celery("peer", broker=os.environ["PEER_BROKER"], backend=os.environ["PEER_RESULTS"])
app.conf.update(
    task_default_queue_type="quorum",
    worker_detect_quorum_queues=True,
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_serializer="json",
    result_extended=False,
    worker_enable_remote_control=False,
)


@app.task
def noop():
    pass


@app.task
def when():
    """When it began, in seconds since 1970."""
    return time.time()
