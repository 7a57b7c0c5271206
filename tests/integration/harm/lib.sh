# shellcheck shell=bash
# Helpers of the harms' scripts, besides those of tests/lab.

# rights PATH...: print owner, group, mode and ACL of each.
rights() {
    stat -c '%n %a %U:%G' "$@"
    getfacl -cp -- "$@" 2>/dev/null || true
}

# runs UNIT...: print what identifies the current run of each unit.
runs() {
    systemctl show -p Id,InvocationID,MainPID,ActiveState,UnitFileState "$@"
}

# workers POOL: print how many workers the running pool has.
workers() {
    pgrep -c -f "^php-fpm: pool $1 *\$" || true
}

# may_connect ACCOUNT SOCKET: print why the account cannot connect, or nothing.
may_connect() {
    runuser -u "$1" -- python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$2" \
        2>&1 | tail -n 1
}

# half_served: the socket file of this suite's pool is gone. The other pools go on. A restart would mend it.
half_served() {
    rm -f "$SOCKET"
}

# record NAME AGE UNDO DO: write what a run leaves that was killed AGE seconds ago, after its command was started.
record() {
    local state=/var/lib/webmedic-php-fpm
    install -d -m 0700 "$state" "$state/transaction"
    python3 - "$@" >"$state/transaction/journal.json" <<'PROGRAM'
import json, sys, time
name, age, undo, do = sys.argv[1:]
journal = {"version": 1, "name": name, "target": do.split()[-1], "at": time.time() - float(age)}
journal.update(files=[], made=[], folders={})
journal["commands"] = [{"do": do.split(), "undo": [undo.split()], "folders": []}]
json.dump(journal, sys.stdout)
PROGRAM
    : >"$state/transaction/started-0"
    touch -d "-$2 seconds" "$state/transaction/started-0" "$state/transaction/journal.json" "$state/transaction"
}

# nginx_runs: print what identifies the current run of nginx since its last reload.
nginx_runs() {
    runs nginx.service
    pgrep -f '^nginx: worker process$' | sort
}
