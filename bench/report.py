"""BENCHMARKS.md from the results that lie in target/bench. Never invents a figure: what was not measured is not there."""

import json

import stats
from machine import RESULTS, ROOT

HEAD = """# Benchmarks

What Reelmill costs beside the bare tools, measured by `make bench` (`ONLY=name` for one part). Ours and theirs take turns in one run;
the figure is the median of the pairwise ratios, in brackets the smallest, the quartiles and the largest.

How sure they are: the machine's speed wavers twofold within minutes, which is why only ratios count, and why the spread and the load
average before each part stand beside them. What has no peer beside it (milliseconds, MiB, shares of linear) is one run, and as good as
the load average is low.
"""

ABOUT = {
    "orchestration": (
        "Orchestration",
        "From the `POST` of a job to its published output (an x264 encode of at least ten seconds), less the time and processor that "
        "verification's own ffmpeg took, ÷ the same ffmpeg command by hand. Processor time is that of the server and all its children.",
    ),
    "four": (
        "Four formats",
        "`avi,mkv,ogg,webm` of one source in one job ÷ the four same ffmpeg commands by hand, one after another. Verification runs beside "
        "the encodes, so what is taken off for it is its processor time ÷ the number of processors; the raw ratio is given too.",
    ),
    "tiny": (
        "Tiny job",
        "A clip of one second, from the `POST` to the published output, ÷ the bare ffmpeg that makes it. Spawns are counted by strace in a run apart.",
    ),
    "upload": (
        "Upload",
        "The same body of 2 GB by `curl -T`, to Reelmill (synced to disk before it answers) and to nginx's DAV module (which doesn't sync), "
        "and to nginx with a sync of the file counted in. Throughput of ours ÷ theirs. Memory: the most resident during the upload less that before it.",
    ),
    "idle": ("Idle", "Resident memory of `reelmill serve`, just started and after some jobs, ten seconds after the last request."),
    "tasks": (
        "Tasks",
        "webapp, status and one worker as processes over MariaDB and RabbitMQ, against Celery on the same servers, as durable (quorum queue, "
        "confirmed publishing, late acknowledgement, results in the same database). A start is from the moment that the job is "
        "accepted, its commit, until the worker has its first task in hand; Celery, which writes nothing before it publishes, counts from "
        "the call until its task runs. Tasks per second: one job of 5,000 tasks that do "
        "nothing, from its submission to its end, probe and plan included; Celery's from the first call to the last result. gearmand "
        "keeps its queue in SQLite.",
    ),
    "scaling": ("Scaling", "One job of tasks that sleep for five seconds, 20 for each slot, from its start to its end; linear is 100 s."),
    "front": (
        "Upload through nginx",
        "One body by `curl -T` through nginx with our configuration into a folder ÷ through nginx, unbuffered, to a second nginx's DAV. Into S3: "
        "webapp alone, beside one plain PUT into the same store.",
    ),
    "resident": ("Memory of the services", "Resident, each a process of its own, over MariaDB, RabbitMQ and Swift's S3."),
    "million": ("A million jobs", "One webapp, one status, MariaDB with 1,000,000 finished jobs in it; 300 requests of each kind, one after another."),
}


def shown(value, unit):
    return f"{value:.3f}" if unit == "÷" else f"{value:.1f} {unit}"


def line(row):
    low, first, third, high = (shown(value, row["unit"]).split(" ")[0] for value in row["spread"])
    kept = {True: " (kept)", False: " (MISSED)", None: ""}[stats.good(row)]
    aim = f"; aim {row['aim']}{kept}" if row["aim"] else ""
    return f"{row['name']}: {shown(row['value'], row['unit'])} [{low} {first} {third} {high}]{aim}"


def table(rows):
    yield "| what | median | spread | n | ours | theirs | aim |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        low, first, third, high = (shown(value, row["unit"]).split(" ")[0] for value in row["spread"])
        kept = {True: " ✓", False: " ✗", None: ""}[stats.good(row)]
        sides = [f"{row[side]:.2f}" if side in row else "" for side in ("ours", "theirs")]
        yield (
            f"| {row['name']} | {shown(row['value'], row['unit'])} | {low} · {first} · {third} · {high} | {row['pairs']} "
            f"| {sides[0]} | {sides[1]} | {(row['aim'] or '') + kept} |"
        )


def write(parts):
    text = [HEAD]
    for part in parts:
        path = RESULTS / f"{part}.json"
        if not path.exists():
            continue
        result = json.loads(path.read_text())
        title, about = ABOUT[part]
        where = result["machine"]
        text += [f"## {title}\n", f"{about}\n"]
        text += ["\n".join(table(result["rows"])) + "\n"]
        text += [f"- {row['note']}" for row in result["rows"] if row["note"]]
        text += [f"\n`make bench ONLY={part}`, {where['date']}: {where['machine']}; {where['programs']}; load average before: {where['load']}.\n"]
    (ROOT / "BENCHMARKS.md").write_text("\n".join(text))
