#!/usr/bin/env bash
# make screenshots: the page's pictures in docs/, from real jobs in Debian's Chromium.
. "$(dirname "$0")/lib.sh"
need_ffmpeg
need_command chromium chromium
build_release
npm_ci tests/browser
REELMILL_BIN="$ROOT/target/release/reelmill" npm --prefix tests/browser run --silent screenshots
