# Pages and helpers of the stories. The variables are the suite's (tests/lab/suites.yml).
printf '<?php while (true);\n' >/var/www/shop/told_busy.php
printf '<?php header("X-Long: " . str_repeat("a", 6000)); echo "ok\\n";\n' >/var/www/shop/told_header.php
printf '<?php $held = str_repeat("x", 40 << 20); usleep((int) ($_GET["ms"] ?? 0) * 1000); echo "ok\\n";\n' >/var/www/shop/told_big.php
cat >/var/www/shop/told_leak.php <<'PAGE'
<?php
// What malloc(3) gives outlives the request, as the leak of an extension does.
$libc = FFI::cdef('void *malloc(size_t n); void *memset(void *p, int c, size_t n);');
$libc->memset($libc->malloc(2000 << 10), 1, 2000 << 10);
usleep(20000);
echo "ok\n";
PAGE

# in_pool LINE...: more lines of the pool www.
in_pool() { printf '%s\n' "$@" >>"$POOL_FILE"; }

# load: both programs load their files.
load() {
    systemctl restart "$FPM_UNIT"
    nginx_reload
}

# asks STATUS PATH: whether a page has this status.
asks() { [ "$(curl -s -o /dev/null -m 30 -w '%{http_code}' -H 'Host: shop.example' "http://127.0.0.1$2")" = "$1" ]; }

# soon STATUS PATH: whether a page has this status within half a minute. Workers first do what waits for them.
soon() {
    for _ in $(seq 150); do
        ! asks "$@" || return 0
        sleep 0.2
    done
    return 1
}

# crowd N PATH: so many requests at a time; their statuses, a line each.
crowd() {
    local number
    for number in $(seq "$1"); do
        curl -s -o /dev/null -m 30 -w '%{http_code}\n' -H 'Host: shop.example' "http://127.0.0.1$2" &
    done
    wait
}

# leaks N TIMES: so many visitors after each other who let a worker grow, N at a time.
leaks() {
    local number
    for number in $(seq "$1"); do
        for _ in $(seq "$2"); do curl -s -o /dev/null -m 30 -w '%{http_code}\n' -H 'Host: shop.example' http://127.0.0.1/told_leak.php; done &
    done
    wait
}

# somaxconn N: the kernel's limit of a queue, of this host alone.
somaxconn() {
    mount -o remount,bind,rw /proc/sys
    echo "$1" >/proc/sys/net/core/somaxconn
    mount -o remount,bind,ro /proc/sys
}
