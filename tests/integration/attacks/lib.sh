# shellcheck shell=bash
# Helpers of the attacks' scripts. NAME is the attack, CANARY a file that only root can make. Each attack has a
# working directory of its own.

# canary PATH: put a program at PATH that leaves a trace when root runs it. It is a new file, even if one was there.
canary() {
    rm -f "$1"
    printf '#!/bin/bash\necho "as uid $(id -u): $0 $*" >>"%s"\n' "$CANARY" >"$1"
    chmod 0755 "$1"
}

# borrowed TITLE PROGRAM: start the program under this title. It waits for input that never comes.
borrowed() {
    local title=$1 program=$2 pipe
    pipe=$(mktemp -u "$PWD/input.XXXXXX")
    mkfifo "$pipe"
    (exec -a "$title" "$program" <>"$pipe" >/dev/null 2>&1) &
    sleep 0.1
}

# quietly COMMAND...: run it in the background, as long as the host runs.
quietly() {
    setsid "$@" </dev/null >>log 2>&1 &
}

# until_true COMMAND...: repeat it until it succeeds, 5 seconds at most.
until_true() {
    local _
    for _ in $(seq 50); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "$NAME: never came true: $*" >&2
    return 1
}

# answers ADDRESS PORT: whether anybody listens there.
answers() {
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# newer FILE: make it newer than the start of any program. 3 seconds allow for clocks that differ.
newer() {
    touch -d '3 seconds' "$1"
}

# comment BYTES: print so many bytes of comment for a configuration file.
comment() {
    python3 -c 'import sys; sys.stdout.write((";" + "x" * 98 + "\n") * (int(sys.argv[1]) // 100))' "$1"
}

# forged_lines ENDPOINT SITE COUNT [MESSAGE]: print lines as a live worker of nginx writes them, half a minute
# apart. The last ones are in the future by as much as clocks may differ: after everything was loaded or started.
forged_lines() {
    local number worker timeout="upstream timed out (110: Connection timed out) while reading response header"
    local message=${4:-$timeout from upstream}
    local format='%s [error] %s#%s: *%s %s, client: 192.0.2.%s, server: %s, request: "GET /index.php HTTP/1.1", '
    format+='upstream: "fastcgi://%s:", host: "%s"\n'
    worker=$(pgrep -f '^nginx: worker process$' | head -n 1)
    for number in $(seq "$3" -1 1); do
        # shellcheck disable=SC2059 # the format is ours
        printf "$format" "$(date -d "$((70 - number * 30)) seconds" '+%Y/%m/%d %H:%M:%S')" \
            "$worker" "$worker" "$number" "$message" "$number" "$2" "$1" "$2"
    done
}
