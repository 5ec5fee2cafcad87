#!/usr/bin/env bash
# make bench: measures speed and memory against the bare tools, and writes BENCHMARKS.md. ONLY=name for one part;
# PAIRS=n for more than the 7 pairs.
. "$(dirname "$0")/lib.sh"
need_ffmpeg
need_command curl curl
need_command python3 python3
need_command strace strace
[ -x /usr/sbin/nginx ] || apt_install nginx-light
build_release
exec python3 bench/run.py
