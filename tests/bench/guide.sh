#!/usr/bin/env bash
# What people run today: the shell script of the well-known guide to the seven causes, with its reading as it is.
# Three things are adapted, in its favour: the PHP version is the host's own, the pool file is found in both layouts,
# and a worker is recognised by its title, as ps shows it.
version=$(find /etc/php -maxdepth 1 -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -V | tail -1)
unit="php${version}-fpm"
sock="/run/php/php${version}-fpm.sock"
pool="/etc/php/${version}/fpm/pool.d/www.conf"
log="/var/log/php${version}-fpm.log"
if [ -e /etc/php-fpm.d/www.conf ]; then
    unit=php-fpm sock=/run/php-fpm/www.sock pool=/etc/php-fpm.d/www.conf log=/var/log/php-fpm/error.log
fi

echo "=== PHP-FPM Status ==="
if systemctl is-active "$unit"; then echo "FPM: RUNNING"; else echo "FPM: STOPPED (Cause 1)"; fi

echo "=== Socket Check ==="
if [ -S "$sock" ]; then
    echo "Socket exists: $sock"
    ls -la "$sock"
    nginx_user=$(ps -eo user:32,args | awk '/nginx: worker/ && !/awk/ {print $1; exit}')
    echo "Nginx runs as: $nginx_user"
    sock_group=$(stat -c '%G' "$sock")
    echo "Socket group: $sock_group"
    if id "$nginx_user" | grep -q "$sock_group"; then echo "Permission: OK"; else echo "Permission: DENIED (Cause 2)"; fi
else
    echo "Socket NOT FOUND: $sock (Cause 1 or 3)"
fi

echo "=== FPM Pool Status ==="
active=$(ps -eo args | awk '/^php-fpm: pool/ {count++} END {print count + 0}')
max=$(grep '^pm.max_children' "$pool" | grep -o '[0-9]*' | head -1)
echo "Active workers: $active / $max max_children"
if [ "$active" -ge "$max" ]; then echo "WARNING: max_children EXHAUSTED (Cause 4)"; else echo "Workers: OK"; fi

echo "=== Recent Errors ==="
echo "-- Nginx errors (last 5):"
tail -5 /var/log/nginx/error.log 2>/dev/null | grep -E '502|upstream'
echo "-- FPM errors (last 5):"
tail -5 "$log" 2>/dev/null | grep -E 'WARNING|ERROR|SIGSEGV'
echo "-- OOM kills:"
dmesg -T 2>/dev/null | grep -i 'killed process.*php' | tail -3
exit 0
