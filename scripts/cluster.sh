#!/usr/bin/env bash
# make cluster: the services as processes of this machine, over MariaDB, RabbitMQ, Swift and nginx; prints the one address.
#
#   cluster.sh start     ENCODERS=3 PORT=n STORAGE=s3|swift; run it again to change the number of encoders
#   cluster.sh stop      stops all of it; what it holds stays in target/cluster
#   cluster.sh url       where it is
#
# REELMILL_CLUSTER names another folder, REELMILL_BIN another executable than a fresh build.
. "$(dirname "$0")/lib.sh"
. scripts/servers/common.sh
HOME_OF=$(absolute "${REELMILL_CLUSTER:-target/cluster}")
STATE=$HOME_OF/services
export REELMILL_SERVERS=$HOME_OF/servers
WEBAPPS=(webapp-1 webapp-2)
STATUSES=(status-1 status-2)

# What every service is told. A worker gets no database.
settings() {
    eval "$(scripts/servers.sh env)"
    export REELMILL__BROKER__URL="$REELMILL_TEST_AMQP/%2F" REELMILL__HTTP__ACCEL_REDIRECT=true
    case ${STORAGE:-s3} in
        s3)
            export REELMILL__STORAGE__URL=s3://reelmill REELMILL__STORAGE__ENDPOINT=$REELMILL_TEST_SWIFT_S3 \
                REELMILL__STORAGE__ACCESS_KEY=test:tester REELMILL__STORAGE__SECRET_KEY=testing
            ;;
        swift)
            export REELMILL__STORAGE__URL=swift://reelmill REELMILL__STORAGE__AUTH_URL=$REELMILL_TEST_SWIFT_AUTH \
                REELMILL__STORAGE__USER=test:tester REELMILL__STORAGE__KEY=testing REELMILL__STORAGE__TEMP_URL_KEY=testing
            ;;
        *) die "STORAGE=$STORAGE is neither s3 nor swift" ;;
    esac
}

# The database and the bucket, which are an administrator's work.
prepare() {
    local head base token
    mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="${REELMILL_TEST_MYSQL##*:}" --user=root \
        -e 'CREATE DATABASE IF NOT EXISTS reelmill CHARACTER SET utf8mb4'
    head=$(curl -fsS -D - -o /dev/null -H 'X-Auth-User: test:tester' -H 'X-Auth-Key: testing' "$REELMILL_TEST_SWIFT_AUTH" | tr -d '\r')
    base=$(sed -n 's/^X-Storage-Url: //Ip' <<<"$head")
    token=$(sed -n 's/^X-Auth-Token: //Ip' <<<"$head")
    curl -fsS -o /dev/null -X PUT -H "X-Auth-Token: $token" "$base/reelmill"
}

# Starts one process in a group of its own, unless it runs.
launch() { # NAME COMMAND…
    local name=$1 home=$STATE/$1
    shift
    is_up "$name" && return
    mkdir -p "$home"
    [ -f "$home/ports" ] || pick_ports 1 >"$home/ports"
    ("$@" "$name" "$home") </dev/null >>"$home/log" 2>&1 &
    echo "$! $(started_at $!)" >"$home/pid"
}

run_service() { # NAME HOME
    local role=${1%-*}
    export "REELMILL__${role^^}__LISTEN=127.0.0.1:$(port "$1" 1)" REELMILL__DATA__DIR=$2/data
    [ "$role" = encoder ] || export REELMILL__DATABASE__URL=$REELMILL_TEST_MYSQL/reelmill
    [ "$role" != encoder ] || export REELMILL__ENCODER__NAME=$1 REELMILL__ENCODER__SLOTS=${SLOTS:-1}
    exec setsid "$BIN" "$role"
}

run_front() { # NAME HOME
    exec setsid scripts/front.sh "$2/nginx" "$(port front 1)" "$(addresses "${WEBAPPS[@]}")" "$(addresses "${STATUSES[@]}")"
}
addresses() { # NAME…
    local name list=()
    for name in "$@"; do list+=("127.0.0.1:$(port "$name" 1)"); done
    (
        IFS=,
        echo "${list[*]}"
    )
}

await() { # NAME
    local i log=$STATE/$1/log
    for ((i = 0; i < 600; i++)); do
        answers "http://127.0.0.1:$(port "$1" 1)/readyz" 2>/dev/null && return
        is_up "$1" || break
        sleep 0.1
    done
    tail -n 30 "$log" >&2
    die "$1 is not ready; its log is ${log#"$ROOT"/}"
}

end() { # NAME…
    local name
    for name in "$@"; do
        [ ! -f "$STATE/$name/pid" ] || signal_group "$name" TERM
    done
    for name in "$@"; do
        [ ! -f "$STATE/$name/pid" ] || wait_gone "$name" || {
            say "$name did not end by itself"
            signal_group "$name" KILL
            wait_gone "$name" || die "$name can't be ended"
        }
    done
}

encoders() { # the ones that have been started once
    [ ! -d "$STATE" ] || (cd "$STATE" && ls -d encoder-* 2>/dev/null || true)
}

url() { echo "http://127.0.0.1:$(port front 1)"; }

start() {
    local count=${ENCODERS:-3} name extra=() wanted=()
    case $count in '' | *[!0-9]*) die "ENCODERS=$count is not a number" ;; esac
    case ${PORT:-0} in *[!0-9]*) die "PORT=$PORT is not a port number" ;; esac
    need_ffmpeg
    need_command curl curl
    need_command ps procps
    if [ -n "${REELMILL_BIN:-}" ]; then
        BIN=$(realpath "$REELMILL_BIN")
    else
        build_release
        BIN=$ROOT/target/release/reelmill
    fi
    scripts/servers.sh start mysql rabbitmq swift
    settings
    prepare

    for ((i = 1; i <= count; i++)); do wanted+=("encoder-$i"); done
    for name in $(encoders); do
        case " ${wanted[*]:-} " in *" $name "*) ;; *) extra+=("$name") ;; esac
    done
    [ "${#extra[@]}" -eq 0 ] || end "${extra[@]}"
    for name in "${WEBAPPS[@]}" "${STATUSES[@]}" "${wanted[@]}"; do launch "$name" run_service; done
    for name in "${WEBAPPS[@]}" "${STATUSES[@]}" "${wanted[@]}"; do await "$name"; done
    mkdir -p "$STATE/front"
    if [ -n "${PORT:-}" ] && [ "$PORT" != "$(cat "$STATE/front/ports" 2>/dev/null)" ]; then
        end front
        echo "$PORT" >"$STATE/front/ports"
    fi
    launch front run_front
    await front
    say "2 webapps, 2 statuses, $count encoders; logs in ${STATE#"$ROOT"/}/*/log; stop with: make cluster-stop"
    url
}

case ${1:-} in
    start) start ;;
    stop)
        # Who writes ends before what is written to.
        end front $(encoders) "${STATUSES[@]}" "${WEBAPPS[@]}"
        scripts/servers.sh stop
        ;;
    url) url ;;
    *)
        sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//'
        exit 2
        ;;
esac
