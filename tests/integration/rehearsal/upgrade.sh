# shellcheck shell=bash
# A release that brings a newer PHP: another package, unit and socket beside the old ones. The vhosts are led to it, then the old PHP goes.
# It knows the vhosts of /etc/nginx/sites-available. One that somebody keeps elsewhere is left behind.
set -eu
old=$(find /etc/php -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | head -n 1)
new=${old%.*}.9
date +%s.%N >/root/deployed
[ "$old" != "$new" ] || exit 0

# The package of the new PHP.
cp -a "/etc/php/$old" "/etc/php/$new"
grep -rl "php$old\|php/$old" "/etc/php/$new" | xargs sed -i "s|php/$old|php/$new|g; s|php$old|php$new|g"
cp -a "/usr/sbin/php-fpm$old" "/usr/sbin/php-fpm$new"
for place in /lib/systemd/system/php$old-fpm.service /usr/lib/tmpfiles.d/php$old-fpm.conf; do
    sed "s|$old|$new|g" "$place" >"${place/$old/$new}"
done
systemctl daemon-reload
systemctl enable -q --now "php$new-fpm"

# The vhosts, and nginx without a lost request.
sed -i "s|php$old-fpm|php$new-fpm|g" /etc/nginx/sites-available/*
nginx -t -q
workers=$(pgrep -P "$(cat /run/nginx.pid)" | sort)
systemctl reload nginx
for _ in $(seq 100); do
    [ -n "$(comm -12 <(echo "$workers") <(pgrep -x nginx | sort))" ] || break
    sleep 0.1
done

# The package of the old PHP is purged.
systemctl disable -q --now "php$old-fpm"
rm -rf "/etc/php/$old" "/usr/sbin/php-fpm$old" "/lib/systemd/system/php$old-fpm.service" "/usr/lib/tmpfiles.d/php$old-fpm.conf"
systemctl daemon-reload
