# moto: AWS's S3 as a Python program; everything is in its memory. Any access key is taken.

moto_install() { venv moto 'moto[s3,server]==5.2.5'; }

moto_ports() { echo 1; }

moto_prepare() { :; }

moto_run() { # HOME
    cd "$1"
    exec setsid "$ROOT/.venv/moto/bin/moto_server" -H 127.0.0.1 -p "$(port moto 1)"
}

moto_ready() { answers "http://127.0.0.1:$(port moto 1)/moto-api/data.json"; }

moto_stop() { signal_group moto TERM; }

moto_env() { echo "export REELMILL_TEST_MOTO=http://127.0.0.1:$(port moto 1)"; }
