#!/usr/bin/env bash
# make build: the page, then the executable with the page inside.
. "$(dirname "$0")/lib.sh"
build_release
say "built target/release/reelmill"
