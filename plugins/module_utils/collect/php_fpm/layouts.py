# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each packaging of php-fpm keeps its files: a row for each."""

import re
from typing import List, NamedTuple, Optional

from ..host import Host


class Layout(NamedTuple):
    """{0} is the first group of match, and {1} the same without dots."""

    name: str
    config: str  # glob pattern
    match: str
    binary: str
    unit: Optional[str]  # None: systemd does not run php-fpm
    prefix: str  # PHP_PREFIX, of which relative paths are
    state: str  # PHP_LOCALSTATEDIR, the same
    start: Optional[str] = None  # what starts it where no unit of systemd does


# The fields of Layout in their order; "~" is the prefix, a unit "-" None, and no start is left out. The
# packages of Debian, Fedora, Remi, Software Collections, Alpine, openSUSE, Arch and Gentoo say so. Others are
# docs.cpanel.net, docs.plesk.com, docker-library/php and docs.bitnami.com. aaPanel's install script php.sh
# (Service_Add) copies php-src's sapi/fpm/init.d.php-fpm. The installers of lnmp.org, OneinStack and
# DirectAdmin, and php-src's own INSTALL, put all below /usr/local/php*. CentOS Web Panel has build scripts.
_ROWS = r"""
debian   /etc/php/*/fpm/php-fpm.conf /etc/php/([^/]+)/fpm/
 /usr/sbin/php-fpm{0} php{0}-fpm.service
 /usr /var /etc/init.d/php{0}-fpm,start

el       /etc/php-fpm.conf /etc/php-fpm\.conf()
 /usr/sbin/php-fpm php-fpm.service
 /usr /var

remi     /etc/opt/remi/php*/php-fpm.conf /etc/opt/remi/php(\d+)/
 ~/sbin/php-fpm php{0}-php-fpm.service
 /opt/remi/php{0}/root/usr /var/opt/remi/php{0}

scl      /etc/opt/rh/rh-php*/php-fpm.conf /etc/opt/rh/rh-php(\d+)/
 ~/sbin/php-fpm rh-php{0}-php-fpm.service
 /opt/rh/rh-php{0}/root/usr /var/opt/rh/rh-php{0}

cpanel   /opt/cpanel/ea-php*/root/etc/php-fpm.conf /opt/cpanel/ea-php(\d+)/
 ~/sbin/php-fpm ea-php{0}-php-fpm.service
 /opt/cpanel/ea-php{0}/root/usr ~/var

plesk    /opt/plesk/php/*/etc/php-fpm.conf /opt/plesk/php/([^/]+)/
 ~/sbin/php-fpm plesk-php{1}-fpm.service
 /opt/plesk/php/{0} ~/var

aapanel  /www/server/php/*/etc/php-fpm.conf /www/server/php/(\d+)/
 ~/sbin/php-fpm php-fpm-{0}.service
 /www/server/php/{0} ~/var /etc/init.d/php-fpm-{0},start

lnmp     /usr/local/php/etc/php-fpm.conf /usr/local/php()/etc/
 ~/sbin/php-fpm php-fpm.service
 /usr/local/php ~/var /etc/init.d/php-fpm,start

local    /usr/local/php[-0-9]*/etc/php-fpm.conf /usr/local/php(-?[\d.]+)/etc/
 ~/sbin/php-fpm php-fpm{0}.service
 /usr/local/php{0} ~/var /etc/init.d/php-fpm{0},start

webuzo   /usr/local/apps/php[0-9][0-9]/etc/php-fpm.conf /usr/local/apps/php(\d+)/
 ~/sbin/php-fpm php-fpm{0}.service
 /usr/local/apps/php{0} ~/var

cwp      /opt/alt/php-fpm[0-9][0-9]/usr/etc/php-fpm.conf /opt/alt/php-fpm(\d+)/
 ~/sbin/php-fpm php-fpm{0}.service
 /opt/alt/php-fpm{0}/usr ~/var

gentoo   /etc/php/fpm-php*/php-fpm.conf /etc/php/fpm-php([^/]+)/
 ~/bin/php-fpm php-fpm@{0}.service
 /usr/lib64/php{0} /var /etc/init.d/php-fpm-php{0},start

alpine   /etc/php[0-9]*/php-fpm.conf /etc/php(\d+)/php-fpm
 /usr/sbin/php-fpm{0} -
 /usr /var /etc/init.d/php-fpm{0},start

suse     /etc/php[0-9]/fpm/php-fpm.conf /etc/php(\d)/fpm/
 /usr/sbin/php-fpm php-fpm.service
 /usr /var

arch     /etc/php/php-fpm.conf /etc/php/php-fpm()
 /usr/bin/php-fpm php-fpm.service
 /usr /var

docker   /usr/local/etc/php-fpm.conf /usr/local/etc/php-fpm()
 ~/sbin/php-fpm -
 /usr/local ~/var

bitnami  /opt/bitnami/php/etc/php-fpm.conf /opt/bitnami/php/etc()
 ~/sbin/php-fpm -
 /opt/bitnami/php ~/var /opt/bitnami/ctlscript.sh,start,php-fpm
"""


def _layout(row: str) -> Layout:
    words = row.split()
    name, config, match, binary, unit, prefix, state, *start = (word.replace("~", words[5]) for word in words)
    command = " ".join(start).replace(",", " ") or None
    return Layout(name, config, match, binary, None if unit == "-" else unit, prefix, state, command)


LAYOUTS = tuple(_layout(row) for row in _ROWS.strip().split("\n\n"))
UNKNOWN = Layout("unknown", "", "", "", None, "/usr", "/var")
_VERSION = re.compile(r"php-?(?:fpm)?/?(\d)\.?(\d{1,2})(?=\D|$)")


def _of(layout: Layout, config: str, word: str) -> Layout:
    def made(text: Optional[str]) -> str:
        return (text or "").format(word, word.replace(".", ""))

    return layout._replace(
        config=config,
        binary=made(layout.binary),
        unit=made(layout.unit) or None,
        prefix=made(layout.prefix),
        state=made(layout.state),
        start=made(layout.start) or None,
    )


def fill(layout: Layout, config: str) -> Layout:
    match = re.match(layout.match, config)
    return _of(layout, config, match.group(1) if match else "")


def layout_of(config: str, binary: Optional[str] = None) -> Layout:
    """By the path of the configuration, or of the program that runs with a configuration elsewhere."""
    for layout in LAYOUTS:
        if re.match(layout.match, config):
            return fill(layout, config)
    for layout in LAYOUTS:
        shape = r"(-?[\d.]+)".join(re.escape(part) for part in layout.binary.split("{0}"))
        match = re.match(shape + "$", binary or "")
        if match:
            word = (match.groups() or ("",))[0]
            return _of(layout, config, word)._replace(binary=binary or "", unit=None, start=None)
    return UNKNOWN._replace(config=config, binary=binary or "")


def installed_layouts(host: Host) -> List[Layout]:
    return [fill(layout, path) for layout in LAYOUTS for path in host.glob(layout.config)]


def version_in(*texts: Optional[str]) -> Optional[str]:
    """ "8.2" out of the first path or unit name that has one, such as /etc/opt/remi/php82."""
    for text in texts:
        match = _VERSION.search(text or "")
        if match:
            return "%s.%s" % match.groups()
    return None
