#!/bin/sh
# Makes .env (or the file that it is given) of .env.example, with random secrets. Never touches one that is there.
set -eu
example=$(dirname "$0")/../.env.example
file=${1:-$(dirname "$0")/../.env}
if [ -e "$file" ]; then
    echo "$file is there already; remove it to begin anew (what the volumes hold keeps the old passwords)" >&2
    exit 0
fi
hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
while IFS= read -r line; do
    case $line in
        GARAGE_ACCESS_KEY=generate) echo "GARAGE_ACCESS_KEY=GK$(hex 12)" ;;
        GARAGE_*=generate) echo "${line%%=*}=$(hex 32)" ;;
        *=generate) echo "${line%%=*}=$(hex 16)" ;;
        *) echo "$line" ;;
    esac
done <"$example" >"$file.new"
mv "$file.new" "$file"
echo "wrote $file" >&2
