#!/usr/bin/env bash
# make test-docker: builds the image, runs docker-compose.yml for real, breaks containers in the middle of jobs, and runs the
# store's tests on real MySQL and the broker's on RabbitMQ 4. Needs a Docker engine with compose. Ends with N passed, N failed.
. "$(dirname "$0")/lib.sh"
. scripts/counts.sh
docker version >/dev/null 2>&1 || die "make test-docker needs a Docker engine, and none answers at ${DOCKER_HOST:-the default socket}"
docker compose version >/dev/null 2>&1 || die "make test-docker needs the compose plugin of Docker"
need_cargo
need_ffmpeg
need_command curl curl
need_command openssl openssl
need_command chromium chromium
need_node
npm_ci tests/browser
. scripts/servers/common.sh

PLACE=$(absolute target/test-docker)
rm -rf "$PLACE/env" "$PLACE/tls"
deploy/init-env.sh "$PLACE/env"
set -a
. "$PLACE/env"
COMPOSE_PROJECT_NAME=reelmill-test
REELMILL_TAG=test
REELMILL_PORT=$(pick_ports 1)
REELMILL_URL=http://127.0.0.1:$REELMILL_PORT
ENCODER_MEMORY=2G
SECRETS_FILE=$PLACE/env
set +a

end() {
    local status=$?
    [ "$status" -eq 0 ] || docker compose logs --no-color --tail 200 >"$LOGS/docker-compose.log" 2>&1 || true
    docker compose down --volumes --timeout 20 >/dev/null 2>&1 || true
    docker rm --force --volumes reelmill-test-mysql reelmill-test-rabbitmq >/dev/null 2>&1 || true
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$LOGS"
end

# The servers of the same images, alone, with ports and certificates for the suites that run here.
servers() {
    . scripts/servers/tls.sh
    STATE=$PLACE make_certificates
    chmod a+r "$PLACE"/tls/*
    docker run --detach --name reelmill-test-mysql --env MYSQL_ROOT_PASSWORD=testing --publish 127.0.0.1::3306 mysql:9 >/dev/null
    docker run --detach --name reelmill-test-rabbitmq --env RABBITMQ_DEFAULT_USER=guest --env RABBITMQ_DEFAULT_PASS=guest \
        --volume "$PWD/deploy/rabbitmq.conf:/etc/rabbitmq/conf.d/20-reelmill.conf:ro" \
        --volume "$PLACE/tls:/tls:ro" --volume "$PLACE/rabbitmq-test.conf:/etc/rabbitmq/conf.d/30-test.conf:ro" \
        --publish 127.0.0.1::5672 --publish 127.0.0.1::5671 --publish 127.0.0.1::15672 rabbitmq:4-management >/dev/null
    local mysql amqp amqps api
    mysql=$(docker port reelmill-test-mysql 3306)
    amqp=$(docker port reelmill-test-rabbitmq 5672)
    amqps=$(docker port reelmill-test-rabbitmq 5671)
    api=$(docker port reelmill-test-rabbitmq 15672)
    export REELMILL_TEST_MYSQL=mysql://root:testing@$mysql REELMILL_TEST_AMQP=amqp://guest:guest@$amqp
    export REELMILL_TEST_AMQPS=amqps://guest:guest@$amqps REELMILL_TEST_AMQP_API=http://guest:guest@$api
    export REELMILL_TEST_CA=$PLACE/tls/ca.pem
    local i
    for ((i = 0; i < 120; i++)); do
        docker exec --env MYSQL_PWD=testing reelmill-test-mysql mysql --protocol=tcp -h 127.0.0.1 -u root -e 'SELECT 1' >/dev/null 2>&1 &&
            curl -fsS -o /dev/null "$REELMILL_TEST_AMQP_API/api/overview" 2>/dev/null && return
        sleep 1
    done
    die "MySQL and RabbitMQ are not ready after two minutes: docker logs reelmill-test-mysql, reelmill-test-rabbitmq"
}
cat >"$PLACE/rabbitmq-test.conf" <<'CONF'
collect_statistics_interval = 1000
listeners.ssl.1 = 5671
ssl_options.cacertfile = /tls/ca.pem
ssl_options.certfile = /tls/server.pem
ssl_options.keyfile = /tls/server.key
ssl_options.verify = verify_none
CONF

up() {
    docker compose build webapp && docker compose up --detach --wait --scale webapp=2 --scale status=2 --scale encoder=4
}

# The port's suite, and what travels on the wire and under TLS. (What restarts the broker has its own servers, in make test.)
on_rabbitmq() {
    cargo test --quiet -p reelmill-rabbitmq --test suite && cargo test --quiet -p reelmill-rabbitmq --test adapter wire:: &&
        cargo test --quiet -p reelmill-rabbitmq --test adapter tls::
}

export NO_COLOR=1 CARGO_TERM_COLOR=never RUST_BACKTRACE=0
part "up" count_one up
part "compose" count_node node --test --test-concurrency=1 tests/docker/*.test.mjs
docker compose down --volumes --timeout 20 >/dev/null 2>&1 || true
say "starting MySQL and RabbitMQ alone"
servers
part "mysql" count_cargo cargo test --quiet -p reelmill-store --test mysql
part "rabbitmq" count_cargo on_rabbitmq
finish
