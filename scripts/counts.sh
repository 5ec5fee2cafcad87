# Sourced by test.sh and test-docker.sh: runs parts of a suite, adds up what they say, and ends with one line.
PASSED=0
FAILED=0
BROKEN=()

# Runs a part, shows what it says, and adds its counts. COUNTER reads the log and prints "PASSED FAILED".
part() { # NAME COUNTER COMMAND...
    local name=$1 counter=$2 status=0 good bad started=$SECONDS
    shift 2
    case " ${ONLY:-$name} " in *" $name "*) ;; *) return 0 ;; esac
    say "$name"
    mkdir -p "$LOGS"
    ("$@") 2>&1 | tee "$LOGS/test-$name.log" || status=$?
    read -r good bad < <("$counter" "$status" <"$LOGS/test-$name.log")
    # A part that ends badly without a failed test could not start, or fell over.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    # A part without tests tested nothing.
    [ $((good + bad)) -gt 0 ] || bad=1
    PASSED=$((PASSED + good))
    FAILED=$((FAILED + bad))
    [ "$bad" -eq 0 ] || BROKEN+=("$name")
    say "$name: $good passed, $bad failed, in $((SECONDS - started)) s"
}

count_one() { # the command itself is the test
    if [ "$1" -eq 0 ]; then echo "1 0"; else echo "0 1"; fi
}
count_cargo() {
    sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed.*/\1 \2/p' |
        awk '{p += $1; f += $2} END {print p + 0, f + 0}'
}
count_node() {
    sed -n 's/^\(#\|ℹ\) \(pass\|fail\) \([0-9]*\)$/\2 \3/p' |
        awk '$1 == "pass" {p += $2} $1 == "fail" {f += $2} END {print p + 0, f + 0}'
}
count_pytest() {
    tail -n 5 | tr ',' '\n' | sed -n 's/^.*[^0-9]\{0,1\}\b\([0-9]\{1,\}\) \(passed\|failed\|errors\{0,1\}\)\b.*/\2 \1/p' |
        awk '$1 == "passed" {p += $2} $1 != "passed" {f += $2} END {print p + 0, f + 0}'
}

# The last line of all, and the exit status.
finish() {
    say "all of it took $((SECONDS / 60)) min $((SECONDS % 60)) s"
    [ "${#BROKEN[@]}" -eq 0 ] || say "failed: ${BROKEN[*]} (logs: target/logs/test-NAME.log)"
    echo "$PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ]
}
