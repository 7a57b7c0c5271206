# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of nginx's configuration: read, never tested. Who can write them; when they changed."""

import errno
import posixpath
from typing import List, Optional

from ..parse.files import NotOpened
from ..parse.nginx.conf import Conf, every, parse_conf
from .host import Host, HostError
from .trust import Opening, folders, named, opening

MOST_FILES = 2000
MOST_BYTES = 32 * 1024 * 1024

CODE = ("load_module", "init_by_lua_file", "perl_modules", "perl_require")  # run by nginx -t already


class Reading:
    def __init__(self, host: Host, config: str, prefix: str, extra: str, account: Optional[int]) -> None:
        self.host = host
        self.account = account
        self.files = 0
        self.bytes = 0
        self.whole = True
        self.writable: Optional[Opening] = None
        self.changed_at: Optional[float] = None
        self.conf: Conf = parse_conf(config, self.read, self.expand, extra)
        for one in every(self.conf.directives):
            if one.name in CODE and one.args:
                self._judge(posixpath.join(prefix, one.args[0]))

    def expand(self, pattern: str) -> List[str]:
        for folder in folders(self.host, pattern):
            self._judge(folder)
        return self.host.glob(pattern)

    def _judge(self, path: str) -> None:
        self.writable = self.writable or opening(self.host, path)

    def left_out(self, path: str, why: str, needs: Optional[str] = None) -> None:
        self.whole = False
        self.host.miss("nginx_config", path, why, needs)

    def read(self, path: str) -> Optional[str]:
        if self.files >= MOST_FILES or self.bytes >= MOST_BYTES:
            self.left_out(
                path,
                "left out: more than %d files or %d MiB of configuration" % (MOST_FILES, MOST_BYTES >> 20),
            )
            return None
        self.files += 1
        self._judge(path)
        try:
            stat = self.host.stat(path)
            if self.account is not None and stat.uid != self.account and not stat.mode & 0o004:
                self.left_out(path, "%s may not read it" % self.host.user_name(self.account))
                return None
            data = self.host.read_bytes(named(self.host, path), 0, MOST_BYTES - self.bytes + 1, real=True)
            changed = [stat.mtime, self.host.stat(path, False).mtime]
        except HostError as error:
            if error.errno not in (errno.EACCES, errno.EPERM):
                raise NotOpened('open() "%s" failed (%s: %s)' % (path, error.errno, error.why))
            self.left_out(path, error.why, None if self.host.is_root() else "root")
            return None
        self.bytes += len(data)
        if self.bytes > MOST_BYTES:
            self.left_out(path, "left out: more than %d MiB of configuration" % (MOST_BYTES >> 20))
            return None
        # A site is switched on by a new link to an old file.
        self.changed_at = max([self.changed_at or 0.0] + changed)
        return data.decode("utf-8", "replace")
