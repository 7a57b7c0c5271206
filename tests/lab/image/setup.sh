# shellcheck shell=bash
# Turns plain Debian packages into a lab host. Sourced at image build, with the suite's variables set.
set -eu
export SYSTEMD_OFFLINE=1
lab=/usr/local/share/webmedic-lab
. $lab/lib.sh

# Units that a container's boot pays for and no fault needs.
systemctl mask systemd-logind.service getty.target console-getty.service systemd-journal-catalog-update.service \
    systemd-update-done.service systemd-networkd-wait-online.service ldconfig.service e2scrub_reap.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer phpsessionclean.timer systemd-tmpfiles-clean.timer \
    e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer proc-sys-fs-binfmt_misc.automount dev-hugepages.mount \
    systemd-sysusers.service systemd-remount-fs.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    sys-fs-fuse-connections.mount systemd-ask-password-wall.path systemd-ask-password-console.path sys-kernel-debug.mount sys-kernel-tracing.mount 2>/dev/null
# Each boot and each daemon-reload starts all generators: two thirds of what a daemon-reload takes. The one for init
# scripts stays, since php-fpm may have one.
mkdir -p /etc/systemd/system-generators
for generator in /lib/systemd/system-generators/*; do
    case $generator in
        */systemd-sysv-generator) ;;
        *) ln -s /dev/null "/etc/systemd/system-generators/${generator##*/}" ;;
    esac
done
systemctl enable nginx ssh 2>/dev/null
: >/etc/machine-id  # empty, not absent: absent would mean a first boot, which runs every unit's preset
rm -f /var/lib/dbus/machine-id
ldconfig
journalctl --update-catalog 2>/dev/null || true

# SSH by key only; the fleet's public key is put in when a host starts. Host keys are the lab's, made here.
ssh-keygen -A >/dev/null
install -d -m 0700 /root/.ssh
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\nPrintMotd no\n' >/etc/ssh/sshd_config.d/lab.conf

for name in shop blog; do
    mkdir -p /var/www/$name
    cp $lab/www/*.php /var/www/$name/
    echo static >/var/www/$name/static.txt
done
if [ "$LAYOUT" = el ]; then
    . $lab/el.sh
else
    rm -f /etc/nginx/sites-enabled/default
    systemctl enable "$FPM_UNIT" 2>/dev/null
fi
sed -i 's/^worker_processes.*/worker_processes 2;/' /etc/nginx/nginx.conf
site shop "$PASS"
nginx -t -q
"$FPM_BIN" -t -y "$FPM_CONF"
rm -f /var/log/nginx/*.log "$FPM_LOG" /run/nginx.pid
rm -rf $lab/el.sh $lab/setup.sh $lab/www $lab/Containerfile
