# RabbitMQ with its management API: a node, a name service (epmd) and a cookie of its own.

RABBITMQ_PROGRAM=/usr/lib/rabbitmq/bin/rabbitmq-server

rabbitmq_install() { [ -x "$RABBITMQ_PROGRAM" ] || apt_install_idle rabbitmq-server; }

rabbitmq_ports() { echo 5; } # AMQP, AMQP over TLS, management, between nodes, epmd

rabbitmq_prepare() { # HOME
    local timeout=$((${REELMILL_CONSUMER_TIMEOUT_S:-60} * 1000))
    mkdir -p "$1/home" "$1/mnesia" "$1/logs" "$1/schema"
    : >"$1/rabbitmq-env.conf"
    echo '[rabbitmq_management].' >"$1/plugins"
    # The log ahead of quorum queues is allocated whole: half a gigabyte, unless told otherwise.
    cat >"$1/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$(port rabbitmq 1)
listeners.ssl.1 = 127.0.0.1:$(port rabbitmq 2)
ssl_options.cacertfile = $STATE/tls/ca.pem
ssl_options.certfile = $STATE/tls/server.pem
ssl_options.keyfile = $STATE/tls/server.key
ssl_options.verify = verify_none
management.tcp.ip = 127.0.0.1
management.tcp.port = $(port rabbitmq 3)
collect_statistics_interval = 1000
raft.wal_max_size_bytes = 33554432
disk_free_limit.absolute = 50MB
CONF
    # A timed-out consumer is looked for at each tick of its channel; once a minute by default.
    echo "[{rabbit, [{consumer_timeout, $timeout}, {channel_tick_interval, 5000}]}]." >"$1/advanced.config"
}

rabbitmq_run() { # HOME
    export HOME=$1/home RABBITMQ_NODENAME="reelmill$(port rabbitmq 1)@localhost" RABBITMQ_CONF_ENV_FILE=$1/rabbitmq-env.conf \
        RABBITMQ_CONFIG_FILE=$1/rabbitmq.conf RABBITMQ_ADVANCED_CONFIG_FILE=$1/advanced.config \
        RABBITMQ_MNESIA_BASE=$1/mnesia RABBITMQ_LOG_BASE=$1/logs RABBITMQ_GENERATED_CONFIG_DIR=$1/schema \
        RABBITMQ_ENABLED_PLUGINS_FILE=$1/plugins RABBITMQ_PID_FILE=$1/server.pid RABBITMQ_DIST_PORT="$(port rabbitmq 4)" \
        ERL_EPMD_PORT="$(port rabbitmq 5)" ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP_SECONDS=0 \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +A 16 +sbwt none +sbwtdcpu none +sbwtdio none"
    unset RABBITMQ_NODE_PORT
    # In the same process group, so that the name service is paused, killed and gone with its node.
    exec setsid sh -c 'epmd -address 127.0.0.1 & exec "$0"' "$RABBITMQ_PROGRAM"
}

rabbitmq_ready() {
    local api="http://guest:guest@127.0.0.1:$(port rabbitmq 3)/api"
    answers "$api/health/checks/local-alarms" && answers "$api/health/checks/port-listener/$(port rabbitmq 1)" &&
        answers "$api/vhosts/%2F"
}

# The node ends in order when its leader is asked; the name service would end first if the group were.
rabbitmq_stop() {
    local pid at
    read -r pid at <"$STATE/rabbitmq/pid"
    kill -TERM "$pid" 2>/dev/null || true
    (
        for ((i = 0; i < 300; i++)); do is_up rabbitmq && sleep 0.1 || break; done
        signal_group rabbitmq TERM
    ) &
}

rabbitmq_env() {
    echo "export REELMILL_TEST_AMQP=amqp://guest:guest@127.0.0.1:$(port rabbitmq 1)"
    echo "export REELMILL_TEST_AMQPS=amqps://guest:guest@127.0.0.1:$(port rabbitmq 2)"
    echo "export REELMILL_TEST_AMQP_API=http://guest:guest@127.0.0.1:$(port rabbitmq 3)"
    echo "export REELMILL_TEST_CONSUMER_TIMEOUT_S=$(($(sed -n 's/.*consumer_timeout, \([0-9]*\).*/\1/p' "$STATE/rabbitmq/advanced.config") / 1000))"
}
