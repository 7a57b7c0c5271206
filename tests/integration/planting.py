# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the secrets of planted.yml and its like wherever people keep them."""

import itertools
import re
import secrets
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.integration.few_hosts import FewHosts
from tests.run.checks import Check

HERE = Path(__file__).resolve().parent
MARK = re.compile(r"SECRET|AGAIN:(\w+):(\d+)")
# What words are made of, in turn. One of letters alone looks like no secret.
MIXED = ("bcdfghjkmnpqrstvwxz23456789",)
ALL_KINDS = (*MIXED, "bcdfghjkmnpqrstvwxz", "bcdfghjkmnBCDFGHJKMN")
FILES = ("planted.yml",)
# Of a bundle alone.
MORE = "planted_more.yml"
# What a configuration keeps secret, and something repeats. It is found by who has read the configuration.
AGAIN = "planted_again.yml"
# Not put on the hosts: arguments of our own modules, and what becomes requests.
NO_FILES = ("requests", "requests_again", "pool_setting", "site_argument")
# The files come with the script. Each has the name of an entry of planted.yml.
PLANT = r"""
cd /root/planted
sed -i -e "s|/run/php/php8.2-fpm.sock|$SOCKET|; s|/run/php/more.sock|$RUN_DIR/more.sock|" \
    -e "s|/usr/sbin/php-fpm8.2|$FPM_BIN|; s|/etc/php/8.2/fpm/php-fpm.conf|$FPM_CONF|" \
    -e "s|^user = www-data|user = $FPM_USER|" ./*
sed -i -e '/fastcgi_pass/e cat shop_above' -e '/fastcgi_pass/r shop_below' "$SITE_FILE"
cat shop_end >>"$SITE_FILE"
cp conf_d /etc/nginx/conf.d/planted.conf
sed -i -e '/^listen.owner/e cat pool_above' -e '/^listen.group/r pool_below' "$POOL_FILE"
cat pool_end >>"$POOL_FILE"
for unit in nginx fpm; do
    name=nginx.service
    [ $unit = nginx ] || name=$FPM_UNIT
    mkdir -p "/etc/systemd/system/$name.d"
    cp "${unit}_unit" "/etc/systemd/system/$name.d/planted.conf"
done
systemctl daemon-reload
systemctl restart nginx "$FPM_UNIT"
useradd --create-home stranger
if [ -e conf_more ]; then
    cp conf_more /etc/nginx/conf.d/planted_more.conf
    cp htpasswd /etc/nginx/planted.htpasswd
    install -m 0600 tls_key /etc/nginx/planted.key
    cp dot_env /var/www/.env
    cp wp_config /var/www/wp-config.php
    cat php_ini >>"$(dirname "$FPM_CONF")/php.ini"
    mkdir -p "$(dirname "$FPM_CONF")/conf.d"
    sed 's/^\[PHP\]//' php_ini >"$(dirname "$FPM_CONF")/conf.d/99-planted.ini"
    cp pool_more "$POOL_DIR/zz-planted.conf"
    cp environment_file /etc/default/planted
    cp unit_more "/etc/systemd/system/$FPM_UNIT.d/planted_more.conf"
    systemctl daemon-reload
    systemctl restart nginx "$FPM_UNIT"
fi
for more in nginx_log_*; do
    [ ! -e "$more" ] || cat "$more" >>nginx_log
done
install -m 0755 /bin/sleep /home/stranger/php-fpm
systemd-run --quiet --collect --uid=stranger --unit=planted \
    bash -c 'exec -a "$0" /home/stranger/php-fpm 3600' "$(cat title)"
sh requests
worker=$(pgrep -f 'nginx: worker' | head -n 1)
now=$(date '+%Y/%m/%d %H:%M:%S')
while IFS= read -r line; do
    echo "$now [error] $worker#$worker: *9 FastCGI sent in stderr: \"PHP message: $line\"" \
        "while reading response header from upstream, client: 127.0.0.1, server: shop.example," \
        "request: \"GET /index.php HTTP/1.1\", upstream: \"fastcgi://unix:/x.sock:\", host: \"shop.example\""
done <nginx_log >>/var/log/nginx/error.log
now=$(date '+%d-%b-%Y %H:%M:%S')
while IFS= read -r line; do
    echo "[$now] WARNING: [pool www] child 9 said into stderr: \"$line\""
done <fpm_log >>"$FPM_LOG"
"""
# Prints what the host holds, to see that the secrets were really planted.
HOLDS = r"""
cat "$SITE_FILE" /etc/nginx/conf.d/* "$POOL_FILE" /etc/systemd/system/*.service.d/planted.conf
cat /var/log/nginx/*.log "$FPM_LOG"
cat /root/planted/requests "$(dirname "$FPM_CONF")/php.ini" "$POOL_DIR"/*
cat /etc/default/planted /etc/nginx/planted.* /var/www/.env /var/www/wp-config.php 2>/dev/null || true
cat /etc/systemd/system/*.service.d/planted_more.conf 2>/dev/null || true
journalctl -q --no-pager
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n'
"""


class Planting:
    """The entries of the files, a word of its own for each secret. words: {word: the name of its entry}."""

    def __init__(self, *more: str, kinds: Sequence[str] = MIXED) -> None:
        """more: files beside FILES. kinds: what words are made of, in turn."""
        self.kinds = itertools.cycle(kinds)
        self.words: dict[str, str] = {}
        self.places: dict[str, Any] = {}
        for file in (*FILES, *more):
            for name, value in yaml.safe_load((HERE / file).read_text(encoding="utf-8")).items():
                self.places[name] = self.fill(name, value)

    def fill(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(name, item) for item in value]

        def new_word(match: re.Match[str]) -> str:
            if match.group(1):
                words = [word for word, place in self.words.items() if place == match.group(1)]
                return words[int(match.group(2))]
            kind = next(self.kinds)
            word = "Zq" + "".join(secrets.choice(kind) for _letter in range(10))
            self.words[word] = name
            return word

        return MARK.sub(new_word, value)

    def files(self) -> dict[str, str]:
        """The files that PLANT takes, by name."""
        texts = {
            name: value if isinstance(value, str) else "\n".join(map(str, value)) + "\n"
            for name, value in self.places.items()
            if name not in NO_FILES
        }
        texts["requests"] = "".join(
            "curl -s -o /dev/null -H 'Host: shop.example' -e %s -b %s %s\n"
            % (shlex.quote(referrer), shlex.quote(cookie), shlex.quote("http://127.0.0.1" + path))
            for path, referrer, cookie in self.places["requests"] + self.places.get("requests_again", [])
        )
        return texts

    def found_in(self, text: str) -> list[str]:
        return ["%s of %s" % (word, place) for word, place in self.words.items() if word in text]


def planted(few: FewHosts, planting: Planting) -> Iterator[Check]:
    files = "".join(
        "cat >/root/planted/%s <<'PLANTED'\n%s\nPLANTED\n" % (name, text.rstrip("\n"))
        for name, text in planting.files().items()
    )
    for host in few.specs:
        few.script(host, "mkdir -p /root/planted\n" + files + PLANT)
        held = few.script(host, HOLDS)
        missing = [
            word
            for word, place in planting.words.items()
            if place not in ("pool_setting", "site_argument") and word not in held
        ]
        yield Check(
            host,
            "all secrets are planted",
            "not %s" % [(word, planting.words[word]) for word in missing] if missing else None,
        )
