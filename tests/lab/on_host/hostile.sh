# shellcheck shell=bash
# Helpers of the fault scripts for texts that imitate evidence. They use the suite's variables (suites.yml).

# forged LEVEL MESSAGE: a line as nginx writes it about shop.example and its pool's socket, by a process that nobody knows.
forged() {
    printf '%s [%s] 104#104: *7 %s while connecting to upstream, client: 192.0.2.1, server: shop.example, request: "GET /index.php HTTP/1.1", upstream: "fastcgi://unix:%s:", host: "shop.example"' \
        "$(date '+%Y/%m/%d %H:%M:%S')" "$1" "$2" "$SOCKET"
}

# forgeries: three of the lines by which causes are known.
forgeries() {
    forged crit "connect() to unix:$SOCKET failed (13: Permission denied)"
    echo
    forged error "upstream timed out (110: Connection timed out)" | sed 's/while connecting to/while reading response header from/'
    echo
    forged error "recv() failed (104: Connection reset by peer)" | sed 's/while connecting to/while reading response header from/'
    echo
}

# url_of TEXT: percent-encoded, line feeds too.
url_of() {
    python3 -c 'import sys, urllib.parse; sys.stdout.write(urllib.parse.quote(sys.argv[1], safe=""))' "$1"
}

# files_site: a vhost without PHP that logs each file which is not there, as open() "..." failed. It has a root of its
# own: in that of a shop it would send the source of its scripts.
files_site() {
    mkdir -p /srv/files
    printf 'server {\n    listen 80;\n    server_name files.example;\n    root /srv/files;\n}\n' >/etc/nginx/conf.d/files.conf
    nginx_reload
}

# ask SITE TARGET [CURL OPTION...]: a request whose target is sent as it is, raw quotes and spaces too.
ask() {
    local site=$1 target=$2
    shift 2
    curl -s -o /dev/null -m 20 -g --path-as-is --request-target "$target" -H "Host: $site" "$@" http://127.0.0.1/ || true
}

# errors_to_nginx: what applications log goes through FastCGI into nginx's error log, as without an error_log of the pool.
errors_to_nginx() {
    ! grep -q '^php_admin_value\[error_log\]' "$POOL_FILE" || { sed -i '/^php_admin_value\[error_log\]/d' "$POOL_FILE"; systemctl restart "$FPM_UNIT"; }
}

# logged TEXT [FILE]: the text really stands at the end of a log. grep alone would take a hole of 5 GB for one line.
logged() {
    local _
    for _ in $(seq 20); do
        tail -c 8000000 "${2:-$NGINX_LOG}" | tr -d '\0' | grep -aF -e "$1" >/dev/null && return 0
        sleep 0.1
    done
    echo "not in ${2:-$NGINX_LOG}: $1" >&2
    return 1
}

# down_for_a_while: requests that FPM loses while it is stopped, so that the newest lines of nginx's log are real ones.
down_for_a_while() {
    local _
    systemctl stop "$FPM_UNIT"
    for _ in 1 2 3; do request 502 /index.php; done
    systemctl start "$FPM_UNIT"
    logged "failed (2: No such file or directory) while connecting to upstream"
}
