# A certificate authority of this set, and one certificate for 127.0.0.1: MariaDB and RabbitMQ also speak TLS with it.

make_certificates() {
    local place=$STATE/tls
    [ ! -f "$place/server.pem" ] || return 0
    need_command openssl openssl
    mkdir -p "$place"
    quietly tls "making certificates for 127.0.0.1" certificates "$place"
}

certificates() { # FOLDER
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    (
        set -e
        cd "$1"
        openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -days 3650 -subj "/CN=Reelmill test authority" \
            -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
        openssl req "${key[@]}" -keyout server.key -out server.csr -subj "/CN=localhost"
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' >server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile server.ext -out server.tmp
        mv server.tmp server.pem
    )
}
