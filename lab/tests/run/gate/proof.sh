# Starts `command` three times over, each time the third only when the first two are connected, and that RUNS times.
# What happens goes to a file, in order, from where it goes to standard output.
list=a@127.0.0.1,b@127.0.0.1,c@127.0.0.1
told=/tmp/told

begin() {
    beamport run --agent none --host 127.0.0.1 --port any --name "$1" --sentry "$list" --consensus 3 \
        --consensus-timeout 0 -- $command >"/tmp/$1.log" 2>&1 &
    pids="$pids $!"
}

has_met_another() {
    grep -q 'a node has joined' "/tmp/$1.log"
}

all_have_started() {
    [ "$(grep -c started "$told")" = 3 ]
}

await() {
    until "$@"; do sleep 0.2; done
}

beamport epmd -daemon
while [ "$RUNS" -gt 0 ]; do
    RUNS=$((RUNS - 1))
    pids=
    echo 'a run begins' >"$told"
    begin a
    begin b
    await has_met_another a
    await has_met_another b
    echo 'the third begins' >>"$told"
    begin c
    await all_have_started
    kill $pids
    for pid in $pids; do wait "$pid" || true; done
    cat "$told"
done
