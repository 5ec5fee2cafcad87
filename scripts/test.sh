#!/usr/bin/env bash
# make test: installs and starts what the tests need, runs all of them, and ends with one line: N passed, N failed.
# Every part runs even when one before it failed; a part that can't start is a failure. Nothing is skipped.
# ONLY="rust browser" runs some parts.
. "$(dirname "$0")/lib.sh"
PASSED=0
FAILED=0
BROKEN=()

# Runs a part, shows what it says, and adds its counts. COUNTER reads the log and prints "PASSED FAILED".
part() { # NAME COUNTER COMMAND...
    local name=$1 counter=$2 status=0 good bad started=$SECONDS
    shift 2
    case " ${ONLY:-$name} " in *" $name "*) ;; *) return 0 ;; esac
    say "$name"
    mkdir -p "$LOGS"
    ("$@") 2>&1 | tee "$LOGS/test-$name.log" || status=$?
    read -r good bad < <("$counter" "$status" <"$LOGS/test-$name.log")
    # A part that ends badly without a failed test could not start, or fell over.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    # A part without tests tested nothing.
    [ $((good + bad)) -gt 0 ] || bad=1
    PASSED=$((PASSED + good))
    FAILED=$((FAILED + bad))
    [ "$bad" -eq 0 ] || BROKEN+=("$name")
    say "$name: $good passed, $bad failed, in $((SECONDS - started)) s"
}

count_one() { # the command itself is the test
    if [ "$1" -eq 0 ]; then echo "1 0"; else echo "0 1"; fi
}
count_cargo() {
    sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed.*/\1 \2/p' |
        awk '{p += $1; f += $2} END {print p + 0, f + 0}'
}
count_node() {
    sed -n 's/^\(#\|ℹ\) \(pass\|fail\) \([0-9]*\)$/\2 \3/p' |
        awk '$1 == "pass" {p += $2} $1 == "fail" {f += $2} END {print p + 0, f + 0}'
}
count_pytest() {
    tail -n 5 | tr ',' '\n' | sed -n 's/^.*[^0-9]\{0,1\}\b\([0-9]\{1,\}\) \(passed\|failed\|errors\{0,1\}\)\b.*/\2 \1/p' |
        awk '$1 == "passed" {p += $2} $1 != "passed" {f += $2} END {print p + 0, f + 0}'
}

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
cargo build --quiet --workspace --all-targets || die "the workspace does not build"
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
part cluster count_one try_cluster
part clients count_pytest .venv/tests/bin/python -m pytest -q -p no:cacheprovider tests/clients
part browser count_node npm --prefix tests/browser run --silent test

say "all of it took $((SECONDS / 60)) min $((SECONDS % 60)) s"
[ "${#BROKEN[@]}" -eq 0 ] || say "failed: ${BROKEN[*]} (logs: target/logs/test-NAME.log)"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
