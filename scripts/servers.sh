#!/usr/bin/env bash
# The servers that tests and `make cluster` use: MariaDB, RabbitMQ, OpenStack Swift, Keystone and moto (S3), on loopback, on free ports.
#
#   servers.sh start [NAME…]           install what is missing and start (all, or mysql rabbitmq swift keystone moto)
#   servers.sh stop [NAME…]            stop; what they hold stays
#   servers.sh restart NAME…           stop in order and start again, on the same ports with the same data
#   servers.sh kill NAME…              SIGKILL; `start` brings it back with its data
#   servers.sh pause|resume NAME…      SIGSTOP and SIGCONT
#   servers.sh env                     exports that say where they are:  eval "$(scripts/servers.sh env)"
#   servers.sh status                  which of them run
#   servers.sh wipe                    stop all and remove what they hold
#
# REELMILL_SERVERS (default target/servers) holds their data, logs and ports: another folder is another, independent set.
# REELMILL_CONSUMER_TIMEOUT_S (default 60) is RabbitMQ's consumer timeout, taken when it starts.
. "$(dirname "$0")/lib.sh"
for part in common tls mysql rabbitmq swift keystone moto; do . "scripts/servers/$part.sh"; done
ALL=(mysql rabbitmq swift keystone moto)

STATE=$(absolute "${REELMILL_SERVERS:-target/servers}")
command=${1:-}
[ $# -eq 0 ] || shift

names=("$@")
case $command in
    restart | kill | pause | resume) [ $# -gt 0 ] || die "servers.sh $command needs a name: ${ALL[*]}" ;;
    env | status | wipe) [ $# -eq 0 ] || die "servers.sh $command takes no names" ;;
esac
[ $# -gt 0 ] || names=("${ALL[@]}")
for name in "${names[@]}"; do
    case " ${ALL[*]} " in *" $name "*) ;; *) die "no server is called $name: ${ALL[*]}" ;; esac
done

# One command at a time for one set; reading needs no turn. Servers don't inherit the lock.
take_turn() {
    mkdir -p "$STATE"
    exec 9>"$STATE/lock"
    flock 9
}

start_all() {
    local name pids=() failed=()
    need_command curl curl
    need_command flock util-linux
    need_command ps procps
    need_command python3 python3
    take_turn
    for name in "${names[@]}"; do "${name}_install"; done
    make_certificates
    for name in "${names[@]}"; do
        start_one "$name" &
        pids+=($!)
    done
    for i in "${!pids[@]}"; do wait "${pids[$i]}" || failed+=("${names[$i]}"); done
    [ "${#failed[@]}" -eq 0 ] || die "did not start: ${failed[*]}"
}

signal_each() { # SIGNAL
    local name
    for name in "${names[@]}"; do
        is_up "$name" || die "$name does not run"
        signal_group "$name" "$1"
    done
}

case $command in
    start) start_all ;;
    stop)
        take_turn
        stop_together "${names[@]}"
        ;;
    restart)
        (take_turn && stop_together "${names[@]}")
        start_all
        ;;
    kill)
        take_turn
        signal_each KILL
        for name in "${names[@]}"; do wait_gone "$name"; done
        ;;
    pause) signal_each STOP ;;
    resume) signal_each CONT ;;
    env) for name in "${ALL[@]}"; do [ ! -f "$STATE/$name/ports" ] || "${name}_env"; done ;;
    status) for name in "${ALL[@]}"; do if is_up "$name"; then echo "$name up"; else echo "$name down"; fi; done ;;
    wipe)
        take_turn
        stop_together "${ALL[@]}"
        rm -rf "$STATE"
        ;;
    *)
        sed -n '2,14p' "$0" | sed 's/^# \{0,1\}//'
        exit 2
        ;;
esac
