# stranger ACCOUNT PLACE N: so many FastCGI requests of that account, each of which holds a worker for 20 seconds.
stranger() {
    cat >/tmp/stranger.py <<'PROGRAM'
import socket, struct, sys, time

place, number = sys.argv[1], int(sys.argv[2])


def record(kind, body):
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def pair(name, value):
    return struct.pack("BB", len(name), len(value)) + name.encode() + value.encode()


asked = {"SCRIPT_FILENAME": "/var/www/shop/slow.php", "SCRIPT_NAME": "/slow.php", "REQUEST_METHOD": "GET", "QUERY_STRING": "s=20"}
request = record(1, struct.pack(">HB5x", 1, 0)) + record(4, b"".join(pair(*each) for each in asked.items())) + record(4, b"") + record(5, b"")
held = []
for _ in range(number):
    if place.startswith("/"):
        one = socket.socket(socket.AF_UNIX)
        one.connect(place)
    else:
        address, _, port = place.rpartition(":")
        one = socket.create_connection((address, int(port)))
    one.sendall(request)
    held.append(one)
time.sleep(0.5)
print("held", flush=True)
time.sleep(15)
PROGRAM
    rm -f /tmp/stranger.out
    runuser -u "$1" -- python3 /tmp/stranger.py "$2" "$3" >/tmp/stranger.out 2>&1 &
    until grep -qs held /tmp/stranger.out; do
        kill -0 $! 2>/dev/null || return 1
        sleep 0.2
    done
}

# location ARGUMENTS DIRECTIVE...: one more location of the site shop.
location() {
    local arguments=$1
    shift
    {
        echo "location $arguments {"
        # shellcheck disable=SC2016 # the variables are nginx's
        printf '    include fastcgi_params;\n    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;\n'
        printf '    %s\n' "$@"
        echo '}'
    } >/etc/nginx/told.location
    sed -i '/told.location/d; s|^    location / {|    include /etc/nginx/told.location;\n&|' "$SITE_FILE"
}
