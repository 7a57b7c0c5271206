# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of nginx's configuration, which is read and never tested."""

import errno
import posixpath
from typing import TYPE_CHECKING, Dict, List, Optional, Type, TypeVar

from ...parse.files import NotOpened
from ...parse.nginx.conf import Conf, every, parse_conf
from ..config_files import ConfigFiles
from ..host import Host, HostError, Stat, decode

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

Kind = TypeVar("Kind", bound="Reading")

MOST_FILES = 2000
MOST_BYTES = 32 * 1024 * 1024

# Run by nginx -t already: files, directories in which files are looked for, and patterns of them.
CODE = ("load_module", "init_by_lua_file", "perl_require", "js_import", "js_include", "ssl_engine")
FOLDERS = ("perl_modules", "js_path", "lua_package_path", "lua_package_cpath")
DEEPEST = 4  # directories below such a one


def latest_touch(stat: Stat) -> float:
    """A backup brings an old mtime along, but no ctime. Some file systems know whole seconds alone."""
    at = max(stat.mtime, stat.ctime)
    return at + 1 if at == int(at) else at


class Reading(ConfigFiles):
    missing = "nginx_config"

    def __init__(self, host: Host, config: str, prefix: str, extra: str, account: Optional[int]) -> None:
        super(Reading, self).__init__(host, account)
        self.files = 0
        self.changes: Dict[str, float] = {}  # by path: when the file, or a link to it, was changed
        self.touched: Dict[str, float] = {}  # the latest that this can have been, whatever its mtime says
        self.conf: Conf = parse_conf(config, self.read, self.expand, extra)
        self._judge_code(prefix)

    @classmethod
    def of(cls: Type[Kind], host: Host, nginx: "Nginx") -> Kind:
        account = host.account(nginx.get("account") or "")
        extra = (nginx.get("options") or {}).get("g", "")
        uid = account.uid if account else None
        return cls(host, nginx["config"] or "", nginx["prefix"] or "", extra, uid)

    def _judge_code(self, prefix: str) -> None:
        directives = [each for each in every(self.conf.directives) if each.args]
        begun = [prefix]
        for word in [word for each in directives if each.name in FOLDERS for word in each.args[0].split(";")]:
            if word:
                begun.append(posixpath.join(prefix, word.partition("?")[0]))
                for depth in range(DEEPEST):
                    for path in [begun[-1], *self.host.glob(begun[-1].rstrip("/") + "/*" * (depth + 1))]:
                        self._judge(path)
        for directive in directives:
            if directive.name in CODE:
                for folder in begun:
                    self._judge(
                        posixpath.join(folder, directive.args[-1 if directive.name == "js_import" else 0])
                    )

    def expand(self, pattern: str) -> List[str]:
        self._judge_folders(pattern)
        return self.host.glob(pattern)

    def read(self, path: str) -> Optional[str]:
        if self.files >= MOST_FILES or self.bytes >= MOST_BYTES:
            why = "left out: more than %d files or %d MiB of configuration"
            self.left_out(path, why % (MOST_FILES, MOST_BYTES >> 20))
            return None
        self.files += 1
        self._judge(path)
        try:
            content = self.content(path, MOST_BYTES - self.bytes + 1)
            if content is None:
                return None
            data, stat = content
            link = self.host.stat(path, False)
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
        self.changes[path] = max(stat.mtime, link.mtime)
        self.touched[path] = max(map(latest_touch, (stat, link)))
        self.changed_at = max(self.changed_at or 0.0, self.changes[path])
        return decode(data)
