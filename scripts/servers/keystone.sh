# Keystone (OpenStack's identity service) and a Swift of its own that takes Keystone's tokens alone. Region here, project
# films, user encoder, password testing, domains Default. Tokens live 20 s, so that tests see them end;
# Swift's side logs in for every check then, so passwords are hashed cheaply.

keystone_install() {
    venv keystone 'keystone==30.0.0' 'keystonemiddleware==13.0.1' 'swift==2.38.3' 'pyeclib>=1.8' 'setuptools<81'
}

keystone_ports() { echo 5; } # Keystone, proxy, account, container, object

keystone_prepare() { # HOME
    local conf=$1/conf bin=$ROOT/.venv/keystone/bin index=3 name
    mkdir -p "$conf" "$1/devices/d1" "$1/cache" "$1/keys"
    printf '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = gold\ndefault = yes\n[swift-constraints]\n' >"$conf/swift.conf"
    for name in account container object; do
        swift_server "$name" "$(port keystone $index)" "$1" >"$conf/$name-server.conf"
        [ -f "$conf/$name.ring.gz" ] || (
            cd "$conf"
            "$bin/swift-ring-builder" $name.builder create 4 1 1
            "$bin/swift-ring-builder" $name.builder add "r1z1-127.0.0.1:$(port keystone $index)/d1" 1
            "$bin/swift-ring-builder" $name.builder rebalance
        ) || return 1
        index=$((index + 1))
    done
    keystone_proxy "$conf" >"$conf/proxy-server.conf"
    keystone_conf "$1" >"$conf/keystone.conf"
    [ -f "$1/bootstrapped" ] || keystone_bootstrap "$bin/keystone-manage --config-file $conf/keystone.conf" "http://127.0.0.1:$(port keystone 1)/v3" || return 1
    touch "$1/bootstrapped"
}

keystone_conf() { # HOME
    cat <<CONF
[DEFAULT]
use_stderr = true
default_log_levels = keystone=WARNING
[database]
connection = sqlite:///$1/keystone.db
[token]
provider = fernet
expiration = 20
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = $1/keys/tokens
[fernet_receipts]
key_repository = $1/keys/tokens
[credential]
key_repository = $1/keys/credentials
CONF
}

keystone_bootstrap() { # MANAGE URL
    local user group
    user=$(id -un) group=$(id -gn)
    mkdir -p "$STATE/keystone/keys/tokens" "$STATE/keystone/keys/credentials"
    $1 db_sync && $1 fernet_setup --keystone-user "$user" --keystone-group "$group" &&
        $1 credential_setup --keystone-user "$user" --keystone-group "$group" &&
        $1 bootstrap --bootstrap-password testing --bootstrap-region-id here --bootstrap-public-url "$2" --bootstrap-internal-url "$2"
}

keystone_proxy() { # CONF
    local name
    cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $(port keystone 2)
swift_dir = $1
workers = 0
user = $(id -un)
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk tempurl authtoken keystoneauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
paste.filter_factory = memory_cache:filter_factory
[filter:slo]
use = egg:swift#slo
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = http://127.0.0.1:$(port keystone 1)/v3
auth_url = http://127.0.0.1:$(port keystone 1)/v3
auth_type = password
username = admin
password = testing
project_name = admin
user_domain_id = default
project_domain_id = default
delay_auth_decision = true
token_cache_time = -1
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
CONF
    for name in catch_errors gatekeeper healthcheck listing_formats bulk tempurl copy dlo; do
        printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name
    done
}

keystone_run() { # HOME
    export PYTHONPATH=$ROOT/scripts/servers PYTHONDONTWRITEBYTECODE=1
    export OS_KEYSTONE_CONFIG_FILES=$1/conf/keystone.conf
    exec setsid "$ROOT/.venv/keystone/bin/python" "$ROOT/scripts/servers/keystone_node.py" "$1/conf" "$(port keystone 1)" "$(port keystone 2)"
}

# Ready once a user of the project can log in, and Swift takes the token.
keystone_ready() {
    local token
    token=$(curl -fsS --max-time 5 -D - -o /dev/null -H 'Content-Type: application/json' "http://127.0.0.1:$(port keystone 1)/v3/auth/tokens" -d '{"auth": {
        "identity": {"methods": ["password"], "password": {"user": {"name": "encoder", "domain": {"name": "Default"}, "password": "testing"}}},
        "scope": {"project": {"name": "films", "domain": {"name": "Default"}}}}}' | tr -d '\r' | sed -n 's/^X-Subject-Token: //Ip')
    [ -n "$token" ] && curl -fsS --max-time 5 -o /dev/null -H "X-Auth-Token: $token" "http://127.0.0.1:$(port keystone 2)/v1/AUTH_$(cat "$STATE/keystone/conf/project")"
}

keystone_stop() { signal_group keystone TERM; }

keystone_env() {
    echo "export REELMILL_TEST_KEYSTONE=http://127.0.0.1:$(port keystone 1)/v3"
}
