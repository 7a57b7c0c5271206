# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site moves to another PHP under load. Debian has one PHP a release. So the second one is the same program
under the names of another version: its own configuration, unit, log and sockets. On the suite with Enterprise
Linux's layout there is one PHP alone.
"""

from collections.abc import Iterator, Mapping

from tests.integration.site_host import SiteHost
from tests.integration.site_plays import Plays
from tests.run.checks import Check, differs

NEWER = "9.1"
SECOND = """
cp -a "/usr/sbin/php-fpm$PHP" /usr/sbin/php-fpm%(new)s
mkdir -p /etc/php/%(new)s
cp -a "/etc/php/$PHP/fpm" /etc/php/%(new)s/fpm
rm -f /etc/php/%(new)s/fpm/pool.d/*
cp "/etc/php/$PHP/fpm/pool.d/www.conf" /etc/php/%(new)s/fpm/pool.d/
find /etc/php/%(new)s/fpm -name '*.conf' -exec sed -i "s/$PHP/%(new)s/g" {} +
unit=$(systemctl show -p FragmentPath --value "$FPM_UNIT")
sed "s/$PHP/%(new)s/g" "$unit" >/etc/systemd/system/php%(new)s-fpm.service
systemctl daemon-reload
systemctl enable -q --now php%(new)s-fpm.service
""" % {"new": NEWER}
POOLS = "ls /etc/php/*/fpm/pool.d/%s.conf; grep -h ^pm.max_children /etc/php/*/fpm/pool.d/%s.conf"


def prove(plays: Plays, members: Mapping[str, SiteHost]) -> Iterator[Check]:
    moved = {host: plays.presets[host][:1] for host in members if not host.startswith("el")}
    if not moved:
        return
    before = {}
    for host, presets in moved.items():
        name = presets[0].replace("_", "-")
        members[host].script(SECOND)
        before[host] = members[host].script(POOLS % (name, name)).split("\n")[1]
        members[host].visitors(name, "/index.php?do=slow&s=0.3")
    some = Plays(plays.few, moved)
    results = some.run(site_php_version=NEWER)
    again = some.run("--check")
    for host, presets in moved.items():
        name = presets[0].replace("_", "-")
        member, result = members[host], results[host].get(name, {"msg": some.output[-1500:]})
        yield member.check("%s: it moves to another PHP" % name, result.get("msg"))
        yield member.check("%s: no request is lost meanwhile" % name, differs(set(member.left()), {"200"}))
        there = member.script(POOLS % (name, name)).split("\n")[:2]
        wanted = ["/etc/php/%s/fpm/pool.d/%s.conf" % (NEWER, name), before[host]]
        yield member.check("%s: one pool, as large as before" % name, differs(there, wanted))
        yield member.check(
            "%s: without the version it stays there" % name,
            differs(again[host].get(name, {}).get("changed"), False),
        )
