#!/usr/bin/env bash
# make lint: what needs no running.
. "$(dirname "$0")/lib.sh"
need_cargo
build_page
say "formatting"
cargo fmt --all --check
say "clippy"
cargo clippy --quiet --workspace --all-targets -- -D warnings
say "TypeScript"
npm --prefix services/webapp/ui run --silent check
