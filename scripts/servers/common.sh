# What every server of servers.sh shares: a folder, ports that stay, one process group, readiness and an end.
# A server NAME has NAME_install, NAME_ports (how many it needs), NAME_prepare, NAME_run, NAME_ready and NAME_env.

absolute() { # PATH
    mkdir -p "$1"
    (cd "$1" && pwd)
}

# Free ports, below those that the kernel gives to clients, so that none is taken while its server is down.
pick_ports() { # COUNT
    python3 - "$1" <<'PY'
import random, socket, sys
found = []
while len(found) < int(sys.argv[1]):
    port = random.randrange(10000, 32000)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in found:
        found.append(port)
print(*found)
PY
}

port() { # NAME INDEX (from 1)
    cut -d' ' -f"$2" "$STATE/$1/ports"
}

# A process by its id and its start, so that a later process of the same id is not taken for it.
started_at() { # PID
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}
is_up() { # NAME
    local pid at
    [ -f "$STATE/$1/pid" ] || return 1
    read -r pid at <"$STATE/$1/pid"
    [ -n "$at" ] && [ "$(started_at "$pid")" = "$at" ]
}

# Every server leads a process group of its own, so that nothing of it is left when that is ended.
signal_group() { # NAME SIGNAL
    local pid at
    read -r pid at <"$STATE/$1/pid"
    kill "-$2" -- "-$pid" 2>/dev/null || true
}
group_gone() { # NAME
    local pid at
    read -r pid at <"$STATE/$1/pid"
    # Zombies that nobody reaps are gone too.
    ! ps -eo pgid=,stat= | awk -v group="$pid" '$1 == group && $2 !~ /^Z/ {alive = 1} END {exit !alive}'
}
wait_gone() { # NAME
    local i
    for ((i = 0; i < 300; i++)); do
        if group_gone "$1"; then
            rm -f "$STATE/$1/pid"
            return 0
        fi
        sleep 0.1
    done
    return 1
}

start_one() { # NAME
    local name=$1 home=$STATE/$1 i from=$SECONDS
    if is_up "$name"; then
        signal_group "$name" CONT
    else
        mkdir -p "$home"
        [ ! -f "$home/pid" ] || signal_group "$name" KILL
        [ -f "$home/ports" ] || pick_ports "$("${name}_ports")" >"$home/ports"
        "${name}_prepare" "$home" >"$home/prepare.log" 2>&1 9>&- || {
            tail -n 30 "$home/prepare.log" >&2
            say "$name could not be prepared: $home/prepare.log"
            return 1
        }
        # setsid --fork would hide the id; the subshell is the leader, and becomes the server.
        ("${name}_run" "$home") </dev/null >>"$home/log" 2>&1 9>&- &
        local pid=$!
        echo "$pid $(started_at "$pid")" >"$home/pid"
    fi
    for ((i = 0; i < 600; i++)); do
        if "${name}_ready" >/dev/null 2>&1; then
            say "$name is up ($((SECONDS - from)) s)"
            return 0
        fi
        is_up "$name" || break
        sleep 0.1
    done
    tail -n 40 "$home/log" >&2
    say "$name did not become ready: $home/log"
    signal_group "$name" KILL
    return 1
}

# Asks all to end, then waits for all; who doesn't end in 30 s is killed.
stop_together() { # NAME…
    local name
    for name in "$@"; do
        [ -f "$STATE/$name/pid" ] || continue
        signal_group "$name" CONT
        "${name}_stop"
    done
    for name in "$@"; do
        [ -f "$STATE/$name/pid" ] || continue
        wait_gone "$name" || {
            say "$name did not end by itself"
            signal_group "$name" KILL
            wait_gone "$name" || die "$name can't be ended"
        }
    done
}

answers() { # URL
    curl -fsS -o /dev/null --max-time 2 "$1"
}

# A Python program's own environment, in .venv: made once per list of requirements.
venv() { # NAME REQUIREMENT…
    local name=$1 place=$ROOT/.venv/$1
    shift
    [ "$(cat "$place/installed.txt" 2>/dev/null)" != "$*" ] || return 0
    need_venv
    mkdir -p "$ROOT/.venv"
    # Two sets may want it at once.
    (
        flock 8
        [ "$(cat "$place/installed.txt" 2>/dev/null)" != "$*" ] || exit 0
        quietly "venv-$name" "installing $name in .venv/$name" make_venv "$place" "$@"
        echo "$*" >"$place/installed.txt"
    ) 8>"$ROOT/.venv/$name.lock"
}
make_venv() { # PLACE REQUIREMENT…
    local place=$1
    shift
    python3 -m venv --clear "$place" && "$place/bin/pip" install --quiet "$@"
}
