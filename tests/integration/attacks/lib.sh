# shellcheck shell=bash
# Helpers of the attacks' scripts. NAME is the attack, CANARY a file that only root can make; the working directory is the attack's own.

# canary PATH: a program at PATH that leaves a trace when root runs it. Whatever was there is another file than before.
canary() {
    rm -f "$1"
    printf '#!/bin/bash\necho "as uid $(id -u): $0 $*" >>"%s"\n' "$CANARY" >"$1"
    chmod 0755 "$1"
}

# borrowed TITLE PROGRAM: starts the program under this title, waiting for input that never comes.
borrowed() {
    local title=$1 program=$2 pipe
    pipe=$(mktemp -u "$PWD/input.XXXXXX")
    mkfifo "$pipe"
    (exec -a "$title" "$program" <>"$pipe" >/dev/null 2>&1) &
    sleep 0.1
}

# quietly COMMAND...: in the background, for as long as the host lives.
quietly() {
    setsid "$@" </dev/null >>log 2>&1 &
}

# until_true COMMAND...: waits for it, 5 seconds at most.
until_true() {
    local _
    for _ in $(seq 50); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "$NAME: never came true: $*" >&2
    return 1
}

# answers ADDRESS PORT
answers() {
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

# newer FILE: changed later than any program began, whatever the clocks that tell both.
newer() {
    touch -d '3 seconds' "$1"
}

# comment BYTES: that much of a configuration file's comment.
comment() {
    python3 -c 'import sys; sys.stdout.write((";" + "x" * 98 + "\n") * (int(sys.argv[1]) // 100))' "$1"
}

# forged_lines ENDPOINT SITE COUNT [MESSAGE]: lines as nginx writes them, by a live worker of its, half a minute apart, the last ones as late as
# clocks may differ: later than anything that was loaded or started.
forged_lines() {
    local number message=${4:-upstream timed out (110: Connection timed out) while reading response header from upstream} worker
    worker=$(pgrep -f '^nginx: worker process$' | head -n 1)
    for number in $(seq "$3" -1 1); do
        printf '%s [error] %s#%s: *%s %s, client: 192.0.2.%s, server: %s, request: "GET /index.php HTTP/1.1", upstream: "fastcgi://%s:", host: "%s"\n' \
            "$(date -d "$((70 - number * 30)) seconds" '+%Y/%m/%d %H:%M:%S')" "$worker" "$worker" "$number" "$message" "$number" "$2" "$1" "$2"
    done
}
