# shellcheck shell=bash
# A helper of the scripts for sockets of systemd's. It uses the suite's variables (suites.yml) and image/lib.sh.

# handed_over ADDRESS [LINE...]: php-shop.service, a php-fpm of its own, gets its socket from php-shop.socket, and shop dials it. The lines go into the
# socket unit, behind those that let nginx in.
handed_over() {
    local address=$1 pass=$1
    shift
    case $address in
    /*)
        pass=unix:$address
        set -- SocketMode=0660 "SocketUser=$NGINX_USER" "$@"
        ;;
    esac
    printf '%s\n' '[Socket]' "ListenStream=$address" "$@" >/etc/systemd/system/php-shop.socket
    printf '%s\n' '[global]' 'error_log = /var/log/php-shop.log' 'daemonize = no' '[www]' "user = $FPM_USER" "group = $FPM_USER" \
        "listen = $address" 'pm = static' 'pm.max_children = 2' >/etc/php-shop.conf
    printf '%s\n' '[Service]' 'Type=notify' "Environment=FPM_SOCKETS=$address=3" \
        "ExecStart=$FPM_BIN --nodaemonize --fpm-config /etc/php-shop.conf" >/etc/systemd/system/php-shop.service
    systemctl daemon-reload
    systemctl start php-shop.socket
    systemctl start php-shop.service
    site shop "$pass"
    nginx_reload
}
