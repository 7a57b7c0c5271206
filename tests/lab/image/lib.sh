# shellcheck shell=bash
# Helpers of the image's recipe and of the fault scripts. They use the suite's variables (suites.yml).

# site NAME PASS [DIRECTIVE...]: writes and enables the vhost NAME.example; the directives go into its PHP location.
site() {
    local name=$1 pass=$2 file="$SITE_DIR/$1$SITE_SUFFIX" listen=80 params
    shift 2
    [ "$name" != shop ] || listen="80 default_server"
    if [ "$LAYOUT" = el ]; then
        # shellcheck disable=SC2016 # the variables are nginx's
        params='fastcgi_index index.php;
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;'
    else
        params='include snippets/fastcgi-php.conf;'
    fi
    cat >"$file" <<SITE
server {
    listen $listen;
    server_name $name.example www.$name.example;
    root /var/www/$name;
    index index.php index.html;

    location / {
        try_files \$uri \$uri/ =404;
    }

    location ~ \\.php\$ {
        $params
        fastcgi_pass $pass;
$([ $# = 0 ] || printf '        %s\n' "$@")
    }
}
SITE
    [ "$LAYOUT" = el ] || ln -sf "$file" "/etc/nginx/sites-enabled/$name"
}

# vhosts N: site1.example … siteN.example, each in a file of its own, all on the suite's pool.
# shellcheck disable=SC2153 # PASS is the suite's, not a slip for the pass of site()
vhosts() {
    local number
    for number in $(seq "$1"); do
        cat >"/etc/nginx/conf.d/vhost$number.conf" <<SITE
server {
    listen 80;
    server_name site$number.example;
    root /var/www/shop;
    location ~ \.php\$ {
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
        fastcgi_pass $PASS;
    }
}
SITE
    done
}

# pool_set KEY VALUE [FILE]: sets one directive of a pool file, where it stands (commented out or not), else at its end.
pool_set() {
    local file=${3:-$POOL_FILE}
    if grep -q "^;\?$1 *=" "$file"; then
        sed -i "0,/^;\?$1 *=.*/s||$1 = $2|" "$file"
    else
        echo "$1 = $2" >>"$file"
    fi
}

# pool NAME LISTEN [LINE...]: writes a pool of its own, reachable for nginx, with two static workers unless a line says else.
pool() {
    local name=$1 listen=$2
    shift 2
    {
        printf '%s\n' "[$name]" "user = $FPM_USER" "group = $FPM_USER" "listen = $listen" \
            "listen.owner = $NGINX_USER" "listen.group = $NGINX_USER" "listen.mode = 0660" "pm = static" "pm.max_children = 2"
        [ $# = 0 ] || printf '%s\n' "$@"
    } >"$POOL_DIR/$name.conf"
}

# unit_override LINE...: a drop-in of FPM's unit.
unit_override() {
    mkdir -p "/etc/systemd/system/$FPM_UNIT.d"
    printf '%s\n' "$@" >"/etc/systemd/system/$FPM_UNIT.d/override.conf"
    systemctl daemon-reload
}

# nginx_reload: checks the configuration, reloads, and returns when the new workers have replaced the old ones.
nginx_reload() {
    local master old
    nginx -t -q
    master=$(cat /run/nginx.pid)
    old=$(pgrep -P "$master" | head -n 1)
    systemctl reload nginx
    for _ in $(seq 50); do
        pgrep -P "$master" | grep -qx "$old" || return 0
        sleep 0.1
    done
}

# request STATUS PATH [SITE]: one request of the break script itself; anything else than STATUS stops the script.
request() {
    local got
    got=$(curl -s -o /dev/null -m 30 -w '%{http_code}' -H "Host: ${3:-shop.example}" "http://127.0.0.1$2")
    [ "$got" = "$1" ] || { echo "request $2: HTTP $got instead of $1" >&2; return 1; }
}

# no_acl: without the layout's ACL, owner, group and mode of the socket count.
no_acl() {
    sed -i 's/^listen.acl_users/;&/' "$POOL_FILE"
}

# small_pool PM: a pool www of this process manager with two workers at most.
small_pool() {
    pool_set pm "$1"
    pool_set pm.max_children 2
    pool_set pm.start_servers 1
    pool_set pm.min_spare_servers 1
    pool_set pm.max_spare_servers 2
}

# age_log FILE DAYS: moves every line of an nginx error log into the past, in place.
age_log() {
    python3 - "$1" "$2" <<'PROGRAM'
import datetime, re, sys
def older(found):
    then = datetime.datetime.strptime(found.group(), "%Y/%m/%d %H:%M:%S") - datetime.timedelta(days=int(sys.argv[2]))
    return then.strftime("%Y/%m/%d %H:%M:%S")
with open(sys.argv[1], "r+", encoding="utf-8") as stream:  # the same file: nginx has it open for appending
    text = re.sub(r"(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", older, stream.read())
    stream.seek(0)
    stream.write(text)
PROGRAM
}
