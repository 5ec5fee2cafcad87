#!/usr/bin/env bash
# An nginx with our configuration, in the foreground, on loopback, with everything of its own in one folder.
#
#   front.sh [check] FOLDER PORT WEBAPP,… STATUS,…       addresses are host:port; `check` only looks whether nginx takes it
#
# REELMILL_FRONT_INCLUDE names a folder with further *.conf of the server block. The settings of the template can be overridden.
. "$(dirname "$0")/lib.sh"
front_do=serve
if [ "${1:-}" = check ]; then
    front_do=check
    shift
fi
[ $# -eq 4 ] || die "usage: front.sh [check] FOLDER PORT WEBAPP,… STATUS,…"
mkdir -p "$1/temp" "$1/cache" "$1/include"
FOLDER=$(cd "$1" && pwd)

NGINX=$(command -v nginx || echo /usr/sbin/nginx)
if [ ! -x "$NGINX" ]; then
    apt_install_idle nginx-light
    NGINX=/usr/sbin/nginx
fi
need_command envsubst gettext-base

export REELMILL_WEBAPP=webapp REELMILL_STATUS=status REELMILL_LISTEN=${REELMILL_LISTEN:-127.0.0.1:$2}
export REELMILL_CACHE_DIR=$FOLDER/cache REELMILL_CACHE_SIZE=${REELMILL_CACHE_SIZE:-1g}
export REELMILL_INCLUDE_DIR=${REELMILL_FRONT_INCLUDE:-$FOLDER/include}
export REELMILL_RESOLVER=${REELMILL_RESOLVER:-127.0.0.1} REELMILL_TRUSTED_PROXY=${REELMILL_TRUSTED_PROXY:-127.0.0.1}
export REELMILL_STORE_CA=${REELMILL_STORE_CA:-/etc/ssl/certs/ca-certificates.crt}

# As the official image does it: only the variables that exist here are filled, nginx's own stay.
envsubst "$(env | sed -n 's/^\(REELMILL_[A-Z_]*\)=.*/${\1}/p' | tr '\n' ' ')" <nginx/reelmill.conf.template >"$FOLDER/reelmill.conf"

upstream() { # NAME ADDRESS,…
    echo "upstream $1 {"
    # A replica that failed is left alone for a moment, then tried again.
    tr ',' '\n' <<<"$2" | sed 's/.*/    server & max_fails=1 fail_timeout=2s;/'
    # What replicas think of each other's health is shared by all processes of nginx.
    printf '    zone %s 64k;\n    keepalive 32;\n}\n' "$1"
}
{
    upstream webapp "$3"
    upstream status "$4"
} >"$FOLDER/upstreams.conf"

mime=/etc/nginx/mime.types
owner=
[ "$(id -u)" != 0 ] || owner="user $(id -un) $(id -gn);"
cat >"$FOLDER/nginx.conf" <<CONF
$owner
daemon off;
worker_processes 2;
pid $FOLDER/nginx.pid;
error_log $FOLDER/error.log warn;
events { worker_connections 2048; }
http {
    include $mime;
    default_type application/octet-stream;
    log_format front '\$remote_addr \$request_method \$uri \$status \$body_bytes_sent \$request_time by \$upstream_addr (\$upstream_status)';
    access_log $FOLDER/access.log front;
    sendfile on;
    client_body_temp_path $FOLDER/temp/body;
    proxy_temp_path $FOLDER/temp/proxy;
    fastcgi_temp_path $FOLDER/temp/fastcgi;
    uwsgi_temp_path $FOLDER/temp/uwsgi;
    scgi_temp_path $FOLDER/temp/scgi;
    include $FOLDER/upstreams.conf;
    include $FOLDER/reelmill.conf;
}
CONF
# Looking listens for a moment: whoever waits for the port must not meet that.
[ "$front_do" = serve ] || exec "$NGINX" -t -q -p "$FOLDER" -c "$FOLDER/nginx.conf" -e stderr
exec "$NGINX" -p "$FOLDER" -c "$FOLDER/nginx.conf" -e stderr
