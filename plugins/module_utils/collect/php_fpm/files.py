# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of one php-fpm configuration."""

import posixpath
import re
from typing import List, Optional

from ...parse.files import NotOpened
from ...parse.php_fpm.conf import parse_fpm_conf
from ..config_files import ConfigFiles
from ..host import READ_LIMIT, Host, HostError, decode

MOST_BYTES = 32 * 1024 * 1024  # of all files of a configuration


class Reading(ConfigFiles):
    missing = "fpm_config"

    def __init__(self, host: Host, config: str, prefix: str, account: Optional[int]) -> None:
        super(Reading, self).__init__(host, account)
        self.config = config
        self.text: Optional[str] = None  # of the main file
        self.conf = parse_fpm_conf(self.config, self.read, self.expand, prefix)
        # What they name is loaded by php-fpm -t.
        for name in ("php.ini", "conf.d", "conf.d/*.ini", "php.d", "php.d/*.ini"):
            for path in host.glob(posixpath.join(posixpath.dirname(config), name)):
                self._judge(path)
        if self.conf.cut:
            self.left_out(config, "it is too long with all its includes, the rest was not read")

    def read(self, path: str) -> Optional[str]:
        self._judge(path)
        try:
            content = self.content(path, READ_LIMIT + 1)
        except HostError as error:
            if error.absent:
                raise NotOpened("%s (%d)" % (error.why, error.errno or 0))
            self.left_out(path, error.why, None if self.host.is_root() else "root")
            return None
        if content is None:
            return None
        data, stat = content
        self.bytes += len(data)
        if len(data) > READ_LIMIT or self.bytes > MOST_BYTES:
            self.left_out(path, "only the first %d KiB of it were read" % (READ_LIMIT >> 10))
        self.changed_at = max(self.changed_at or 0.0, stat.mtime)
        text = decode(data[:READ_LIMIT])
        if path == self.config:
            self.text = text
        return text

    def expand(self, pattern: str) -> List[str]:
        directory = posixpath.dirname(pattern)
        self._judge_folders(pattern)
        names = [path for path in self.host.glob(pattern) if self.host.type_of(path) != "directory"]
        if not names and not re.search(r"[*?\[]", directory):
            try:
                self.host.listdir(directory)
            except HostError as error:
                if not error.absent:
                    self.left_out(directory, error.why, "root")
                elif re.search(r"[*?\[]", pattern):
                    raise NotOpened(error.why)
        return names
