# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of one php-fpm configuration: read, and judged by who can write them."""

import posixpath
import re
from typing import List, Optional

from ...parse.files import NotOpened
from ...parse.php_fpm.conf import parse_fpm_conf
from ..host import READ_LIMIT, Host, HostError, decode
from ..trust import Opening, folders, named, opening

MOST_BYTES = 32 * 1024 * 1024  # of all files of a configuration


class Reading:
    """One master's configuration files as they are now; text is the main one's. account: the uid of an
    ordinary account's own master, which reads no more than that account may.
    """

    def __init__(self, host: Host, config: str, prefix: str, account: Optional[int]) -> None:
        self.host = host
        self.config = config
        self.account = account
        self.text: Optional[str] = None
        self.bytes = 0
        self.barred = False  # a part is kept from us, though not from php-fpm
        self.writable: Optional[Opening] = None
        self.changed_at: Optional[float] = None
        self.conf = parse_fpm_conf(self.config, self.read, self.expand, prefix)
        # What they name is loaded by php-fpm -t.
        for name in ("php.ini", "conf.d", "conf.d/*.ini", "php.d", "php.d/*.ini"):
            for path in host.glob(posixpath.join(posixpath.dirname(config), name)):
                self._judge(path)
        if self.conf.cut:
            self.lock_out(config, "it is too long with all its includes, the rest was not read")

    def read(self, path: str) -> Optional[str]:
        self._judge(path)
        try:
            stat = self.host.stat(path)
            if self.account is not None and stat.uid != self.account and not stat.mode & 0o004:
                self.lock_out(path, "%s may not read it" % self.host.user_name(self.account))
                return None
            data = self.host.read_bytes(named(self.host, path), 0, READ_LIMIT + 1, real=True)
        except HostError as error:
            if error.absent:
                raise NotOpened("%s (%d)" % (error.why, error.errno or 0))
            self.lock_out(path, error.why, None if self.host.is_root() else "root")
            return None
        self.bytes += len(data)
        if len(data) > READ_LIMIT or self.bytes > MOST_BYTES:
            self.lock_out(path, "only the first %d KiB of it were read" % (READ_LIMIT >> 10))
        self.changed_at = max(self.changed_at or 0.0, stat.mtime)
        text = decode(data[:READ_LIMIT])
        if path == self.config:
            self.text = text
        return text

    def _judge(self, path: str) -> None:
        self.writable = self.writable or opening(self.host, path)

    def expand(self, pattern: str) -> List[str]:
        directory = posixpath.dirname(pattern)
        for folder in folders(self.host, pattern):
            self._judge(folder)
        names = [path for path in self.host.glob(pattern) if self.host.type_of(path) != "directory"]
        if not names and not re.search(r"[*?\[]", directory):
            try:
                self.host.listdir(directory)
            except HostError as error:
                if not error.absent:
                    self.lock_out(directory, error.why, "root")
                elif re.search(r"[*?\[]", pattern):
                    raise NotOpened(error.why)
        return names

    def lock_out(self, path: str, why: str, needs: Optional[str] = None) -> None:
        self.barred = True
        self.host.miss("fpm_config", path, why, needs)
