# shellcheck shell=bash
# Turns plain Debian packages into a virtual machine of the lab. Runs in the image's root, with the kind's variables set.
set -eu
lab=/usr/local/share/webmedic-lab
. $lab/lib.sh

printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n address 10.0.2.15/24\n gateway 10.0.2.2\n' >/etc/network/interfaces
echo '/dev/vda / ext4 errors=remount-ro 0 1' >/etc/fstab
echo "lab-$KIND" >/etc/hostname
printf '127.0.0.1 localhost lab-%s\n::1 localhost\n' "$KIND" >/etc/hosts
passwd -q -d root
ssh-keygen -A >/dev/null
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\nPrintMotd no\n' >/etc/ssh/sshd_config.d/lab.conf

for name in shop blog; do
    mkdir -p /var/www/$name
    cp $lab/www/*.php /var/www/$name/
    echo static >/var/www/$name/static.txt
done
rm -f /etc/nginx/sites-enabled/default
sed -i 's/^worker_processes.*/worker_processes 2;/' /etc/nginx/nginx.conf
site shop "$PASS"
nginx -t -q
"$FPM_BIN" -t -y "$FPM_CONF"
rm -f /var/log/nginx/*.log "$FPM_LOG" /run/nginx.pid

if [ -d /etc/systemd/system ] && [ -e /bin/systemctl ]; then
    tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id  # written at boot it would have no label
    # Each costs seconds of every boot, where the processor is emulated.
    systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
        logrotate.timer man-db.timer phpsessionclean.timer systemd-tmpfiles-clean.timer systemd-logind.service getty.target 2>/dev/null
fi
if [ -e /etc/selinux/config ]; then
    sed -i 's/^SELINUX=.*/SELINUX=enforcing/; s/^SELINUXTYPE=.*/SELINUXTYPE=default/' /etc/selinux/config
fi
