#!/usr/bin/env bash
# make test: installs and starts what the tests need, runs all of them, and ends with one line: N passed, N failed.
# Every part runs even when one before it failed; a part that can't start is a failure. Nothing is skipped.
# ONLY="rust browser" runs some parts.
. "$(dirname "$0")/lib.sh"
. scripts/counts.sh

# `make cluster`, as a contributor uses it: up, up again, a job through its front, fewer encoders, down, nothing left.
try_cluster() {
    export REELMILL_CLUSTER=$ROOT/target/test-cluster STATUS=0
    rm -rf "$REELMILL_CLUSTER"
    cluster_works || STATUS=1
    scripts/cluster.sh stop || STATUS=1
    if ps -eo args | grep -F "$REELMILL_CLUSTER" | grep -vF grep; then
        echo "these were left" >&2
        STATUS=1
    fi
    return "$STATUS"
}
cluster_works() {
    local url
    url=$(ENCODERS=2 scripts/cluster.sh start) && [ "$(ENCODERS=1 scripts/cluster.sh start)" = "$url" ] &&
        node scripts/demo.mjs "$url" tests/media/bigbuckbunny.mp4 mkv,audio-mp3
}

need_cargo
need_ffmpeg
need_command curl curl
need_command unshare util-linux
need_command strace strace
need_command faketime faketime
need_command chromium chromium
need_venv
build_page
npm_ci tests/browser
if ! cmp -s tests/clients/requirements.txt .venv/tests/installed.txt; then
    quietly venv "making a place for the Python clients in .venv/tests" python3 -m venv --clear .venv/tests
    quietly pip "installing the Python clients" .venv/tests/bin/pip install --quiet -r tests/clients/requirements.txt
    cp tests/clients/requirements.txt .venv/tests/installed.txt
fi

# A set of servers of this run's own, installed and started while the compiler works, and gone with it.
export REELMILL_SERVERS="$ROOT/target/test-servers"
trap 'scripts/servers.sh wipe' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
scripts/servers.sh wipe
for package in nginx:nginx-light envsubst:gettext-base openssl:openssl; do
    [ -x "/usr/sbin/${package%:*}" ] || command -v "${package%:*}" >/dev/null || apt_install_idle "${package#*:}"
done
scripts/servers.sh start &
SERVERS=$!

# Built once with everything, so that no part waits for a compiler while its clocks run.
say "building the workspace and its tests"
building=$SECONDS
{ cargo build --quiet --workspace --all-targets && cargo test --quiet -p reelmill-tests --test faults --no-run; } || die "the workspace does not build"
say "built in $((SECONDS - building)) s"
wait "$SERVERS" || die "the servers that tests use did not start"
eval "$(scripts/servers.sh env)"
export REELMILL_BIN="$ROOT/target/debug/reelmill"
[ -x "$REELMILL_BIN" ] || die "$REELMILL_BIN was not built"

export NO_COLOR=1 CARGO_TERM_COLOR=never RUST_BACKTRACE=0
part format count_one cargo fmt --all --check
part clippy count_one cargo clippy --quiet --workspace --all-targets -- -D warnings
part types count_one npm --prefix services/webapp/ui run --silent check
part page count_node npm --prefix services/webapp/ui run --silent test
part rust count_cargo cargo test --quiet --workspace --no-fail-fast
# They wait more than they work: several at once.
part faults count_cargo cargo test --quiet -p reelmill-tests --test faults -- --test-threads=4
part cluster count_one try_cluster
part clients count_pytest .venv/tests/bin/python -m pytest -q -p no:cacheprovider tests/clients
part browser count_node npm --prefix tests/browser run --silent test

finish
