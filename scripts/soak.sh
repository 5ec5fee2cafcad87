#!/usr/bin/env bash
# make soak: small jobs while every process and every server under them breaks again and again; ends with the hits of each
# fault, and a status that is not 0 unless every job ended as it must and nothing is left over.
#
# SOAK_SECONDS (600), SOAK_JOBS (200), SOAK_SEED (a new one, printed): the same seed gives the same jobs and the same order
# of faults. REELMILL_BIN names another executable than a fresh debug build. Everything it starts is its own, on free ports.
. "$(dirname "$0")/lib.sh"
need_cargo
need_ffmpeg
need_command curl curl
build_page
say "building the executable and the soak"
cargo build --quiet -p reelmill
cargo test --quiet -p reelmill-tests --test soak --no-run
export REELMILL_BIN=${REELMILL_BIN:-$ROOT/target/debug/reelmill} RUST_BACKTRACE=0 NO_COLOR=1
exec cargo test --quiet -p reelmill-tests --test soak -- --ignored --nocapture soak
