#!/usr/bin/env bash
# make bench: measures speed and memory against the bare tools, and writes BENCHMARKS.md. ONLY=name for one part;
# PAIRS=n for more than the 7 pairs. REELMILL_BIN names another executable than a fresh release build.
. "$(dirname "$0")/lib.sh"
need_ffmpeg
need_command curl curl
need_command python3 python3
need_command strace strace
[ -x /usr/sbin/nginx ] || apt_install nginx-light
[ -n "${REELMILL_BIN:-}" ] || build_release
# What measures through real servers needs them, and the peers.
case " ${ONLY:-tasks} " in
    *" tasks "* | *" scaling "* | *" front "* | *" resident "* | *" million "*)
        export REELMILL_SERVERS="$ROOT/target/bench-servers"
        need_command gearmand gearman-job-server
        need_command envsubst gettext-base
        quietly bench-servers "starting MariaDB, RabbitMQ and Swift" scripts/servers.sh start mysql rabbitmq swift
        trap 'scripts/servers.sh stop' EXIT
        eval "$(scripts/servers.sh env)"
        if ! cmp -s bench/requirements.txt .venv/bench/installed.txt; then
            need_venv
            quietly bench-venv "making a place for the peers in .venv/bench" python3 -m venv --clear .venv/bench
            quietly bench-pip "installing the peers" .venv/bench/bin/pip install --quiet -r bench/requirements.txt
            cp bench/requirements.txt .venv/bench/installed.txt
        fi
        .venv/bench/bin/python bench/run.py
        exit
        ;;
esac
exec python3 bench/run.py
