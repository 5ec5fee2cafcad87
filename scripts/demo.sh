#!/usr/bin/env bash
# make demo: from a fresh machine to a video in four formats, by the HTTP API; then stays up.
# VIDEO=path  PORT=n  DATA=folder; EXIT=1 ends when the four outputs are published (status 0) or not (1).
. "$(dirname "$0")/lib.sh"
VIDEO=${VIDEO:-tests/media/bigbuckbunny.mp4}
PORT=${PORT:-8080}
DATA=${DATA:-reelmill-data/demo-$PORT}
URL="http://127.0.0.1:$PORT"

[ -f "$VIDEO" ] || die "VIDEO=$VIDEO is not a file"
case $PORT in '' | *[!0-9]*) die "PORT=$PORT is not a port number" ;; esac
need_command curl curl
need_ffmpeg
build_release

mkdir -p "$DATA" "$LOGS"
LOG="$LOGS/demo-$PORT.log"
target/release/reelmill serve --listen "127.0.0.1:$PORT" --data "$DATA" >"$LOG" 2>&1 &
SERVER=$!
trap 'kill "$SERVER" 2>/dev/null && wait "$SERVER" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
wait_ready "$URL" "$SERVER" "$LOG"
say "reelmill is up at $URL, its log is ${LOG#"$ROOT"/}"

node scripts/demo.mjs "$URL" "$VIDEO" avi,mkv,ogg,webm && DONE=0 || DONE=$?
printf '\nThe page: %s/\n' "$URL"
if [ "${EXIT:-}" = 1 ]; then exit "$DONE"; fi
[ "$DONE" = 0 ] || say "not everything was published, see above"
echo "Press Ctrl-C to stop."
wait "$SERVER"
