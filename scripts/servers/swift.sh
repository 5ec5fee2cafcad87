# One node of OpenStack Swift: v1 auth, static large objects, TempURL, and its S3 API. User test:tester, key testing.

swift_install() { venv swift 'swift==2.38.3' 'pyeclib>=1.8' 'setuptools<81'; }

swift_ports() { echo 4; } # proxy, account, container, object

swift_prepare() { # HOME
    local conf=$1/conf bin=$ROOT/.venv/swift/bin index=2 name
    mkdir -p "$conf" "$1/devices/d1" "$1/cache"
    printf '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = gold\ndefault = yes\n[swift-constraints]\n' >"$conf/swift.conf"
    for name in account container object; do
        swift_server "$name" "$(port swift $index)" "$1" >"$conf/$name-server.conf"
        [ -f "$conf/$name.ring.gz" ] || (
            cd "$conf"
            "$bin/swift-ring-builder" $name.builder create 4 1 1
            "$bin/swift-ring-builder" $name.builder add "r1z1-127.0.0.1:$(port swift $index)/d1" 1
            "$bin/swift-ring-builder" $name.builder rebalance
        ) || return 1
        index=$((index + 1))
    done
    swift_proxy "$conf" >"$conf/proxy-server.conf"
}

swift_server() { # KIND PORT HOME
    cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
swift_dir = $3/conf
devices = $3/devices
mount_check = false
disable_fallocate = true
workers = 0
user = $(id -un)
log_level = WARNING
recon_cache_path = $3/cache
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
CONF
}

# The parts of a large object may be of any size, as on public clouds.
swift_proxy() { # CONF
    local name
    cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $(port swift 1)
swift_dir = $1
workers = 0
user = $(id -un)
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk tempurl s3api tempauth copy slo dlo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
paste.filter_factory = memory_cache:filter_factory
[filter:slo]
use = egg:swift#slo
minimum_segment_size = 1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test2_tester2 = testing2 .admin
account_autocreate = true
[filter:proxy-logging]
use = egg:swift#proxy_logging
CONF
    for name in catch_errors gatekeeper healthcheck listing_formats bulk tempurl copy dlo; do
        printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name
    done
}

swift_run() { # HOME
    export PYTHONPATH=$ROOT/scripts/servers PYTHONDONTWRITEBYTECODE=1
    exec setsid "$ROOT/.venv/swift/bin/python" "$ROOT/scripts/servers/swift_node.py" "$1/conf"
}

# Ready once an account was made and listed: the proxy's health check says nothing of the servers behind it.
swift_ready() {
    local base="http://127.0.0.1:$(port swift 1)" token
    token=$(curl -fsS --max-time 2 -D - -o /dev/null -H 'X-Auth-User: test:tester' -H 'X-Auth-Key: testing' "$base/auth/v1.0" |
        tr -d '\r' | sed -n 's/^X-Auth-Token: //Ip')
    [ -n "$token" ] && curl -fsS --max-time 5 -o /dev/null -X POST -H "X-Auth-Token: $token" "$base/v1/AUTH_test" &&
        curl -fsS --max-time 5 -o /dev/null -H "X-Auth-Token: $token" "$base/v1/AUTH_test"
}

swift_stop() { signal_group swift TERM; }

swift_env() {
    echo "export REELMILL_TEST_SWIFT_AUTH=http://127.0.0.1:$(port swift 1)/auth/v1.0"
    echo "export REELMILL_TEST_SWIFT_S3=http://127.0.0.1:$(port swift 1)"
}
