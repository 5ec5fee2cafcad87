# MariaDB: root without a password on 127.0.0.1; every commit is on the disk before it is answered.

mysql_install() {
    # The core package brings the programs without starting a server of its own.
    command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || apt_install mariadb-server-core mariadb-client-core
    command -v mariadb >/dev/null || apt_install mariadb-client-core
}

mysql_ports() { echo 1; }

mysql_prepare() { # HOME
    [ ! -d "$1/data/mysql" ] || return 0
    rm -rf "$1/data" "$1/new"
    mariadb-install-db --no-defaults --datadir="$1/new" --user="$(id -un)" --skip-test-db --auth-root-authentication-method=normal &&
        mv "$1/new" "$1/data"
}

mysql_run() { # HOME
    local own=()
    [ "$(id -u)" != 0 ] || own=(--user=root)
    mkdir -p "$1/tmp"
    # The socket's path is relative to the data folder: a socket's name may only be 107 bytes long.
    exec setsid "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults "${own[@]}" --datadir="$1/data" --tmpdir="$1/tmp" \
        --bind-address=127.0.0.1 --port="$(port mysql 1)" --socket=server.sock --pid-file="$1/server.pid" \
        --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci \
        --innodb-flush-log-at-trx-commit=1 --innodb-buffer-pool-size=256M --innodb-log-file-size=96M \
        --max-connections=1000 --skip-name-resolve --skip-log-bin \
        --ssl-ca="$STATE/tls/ca.pem" --ssl-cert="$STATE/tls/server.pem" --ssl-key="$STATE/tls/server.key"
}

mysql_ready() {
    mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$(port mysql 1)" --user=root --connect-timeout=2 -e 'SELECT 1'
}

mysql_stop() { signal_group mysql TERM; }

mysql_env() {
    echo "export REELMILL_TEST_MYSQL=mysql://root@127.0.0.1:$(port mysql 1)"
    echo "export REELMILL_TEST_CA=$STATE/tls/ca.pem"
}
