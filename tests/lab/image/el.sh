# shellcheck shell=bash
# Lays Enterprise Linux's names and paths over Debian's packages: users, units, binary, configuration, socket, logs.
# Texts after Fedora's php-fpm and nginx packages. Debian's own files go, so that nothing is found twice.
useradd --system --no-create-home --shell /usr/sbin/nologin apache
useradd --system --no-create-home --shell /usr/sbin/nologin nginx

# The same binary under its own name: comm and exe are php-fpm. Its built-in default configuration becomes /etc/php-fpm.conf.
python3 - "/usr/sbin/php-fpm$PHP" "$FPM_BIN" <<'PATCH'
import sys
old, new = b"%s/php/%d.%d/fpm/php-fpm.conf\0", b"%s/php-fpm.conf\0"
data = open(sys.argv[1], "rb").read()
assert data.count(old) == 1, "the default path is not where this patch expects it"
open(sys.argv[2], "wb").write(data.replace(old, new.ljust(len(old), b"\0")))
PATCH
chmod 0755 "$FPM_BIN"
rm -rf "/usr/sbin/php-fpm$PHP" /etc/php/"$PHP"/fpm/php-fpm.conf /etc/php/"$PHP"/fpm/pool.d /etc/init.d/php* /etc/logrotate.d/php* \
    /usr/lib/systemd/system/php*-fpm.service /lib/systemd/system/php*-fpm.service /etc/systemd/system/*/php*-fpm.service \
    /usr/lib/tmpfiles.d/php* /usr/lib/php/php-fpm-socket-helper /etc/alternatives/php-fpm* /run/php /etc/nginx/sites-* /etc/nginx/snippets

cat >/usr/lib/systemd/system/php-fpm.service <<'UNIT'
[Unit]
Description=The PHP FastCGI Process Manager
After=syslog.target network.target

[Service]
Type=notify
ExecStart=/usr/sbin/php-fpm --nodaemonize
ExecReload=/bin/kill -USR2 $MAINPID
PrivateTmp=true
RuntimeDirectory=php-fpm
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
UNIT
mkdir -p /etc/systemd/system/nginx.service.d /usr/lib/systemd/system/nginx.service.d "$POOL_DIR" /var/log/php-fpm /etc/nginx/conf.d
printf '[Unit]\nWants=php-fpm.service\n' >/usr/lib/systemd/system/nginx.service.d/php-fpm.conf
rmdir /etc/systemd/system/nginx.service.d
systemctl enable php-fpm.service

cat >"$FPM_CONF" <<'CONF'
include=/etc/php-fpm.d/*.conf

[global]
pid = /run/php-fpm/php-fpm.pid
error_log = /var/log/php-fpm/error.log
daemonize = yes
CONF
cat >"$POOL_FILE" <<'CONF'
[www]
user = apache
group = apache
listen = /run/php-fpm/www.sock
;listen.owner = nobody
;listen.group = nobody
;listen.mode = 0660
listen.acl_users = apache,nginx
;listen.acl_groups =
listen.allowed_clients = 127.0.0.1
pm = dynamic
pm.max_children = 50
pm.start_servers = 5
pm.min_spare_servers = 5
pm.max_spare_servers = 35
slowlog = /var/log/php-fpm/www-slow.log
php_admin_value[error_log] = /var/log/php-fpm/www-error.log
php_admin_flag[log_errors] = on
php_value[session.save_handler] = files
CONF
cat >/etc/nginx/nginx.conf <<'CONF'
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;

events {
    worker_connections 1024;
}

http {
    access_log /var/log/nginx/access.log combined;
    sendfile on;
    keepalive_timeout 65;
    types_hash_max_size 4096;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    include /etc/nginx/conf.d/*.conf;
}
CONF
cat >/etc/nginx/conf.d/php-fpm.conf <<'CONF'
# PHP-FPM FastCGI server
# network or unix domain socket configuration

upstream php-fpm {
        server unix:/run/php-fpm/www.sock;
}
CONF
chown apache:root /var/log/php-fpm && chmod 0770 /var/log/php-fpm
chown -R nginx:root /var/lib/nginx
