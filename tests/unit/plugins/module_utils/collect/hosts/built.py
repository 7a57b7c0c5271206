# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A described host that is built in steps: each changes one thing, and gives the host back."""

from typing import Dict, List, Tuple, TypeVar, Union

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

H = TypeVar("H", bound="Built")


class Built(FakeHost):
    def file(self: H, path: str, text: Union[str, bytes] = "") -> H:
        self.files[path] = text if isinstance(text, bytes) else text.encode("utf-8")
        return self

    def having(self: H, files: Dict[str, str]) -> H:
        for path, text in files.items():
            self.file(path, text)
        return self

    def without(self: H, *paths: str) -> H:
        for path in paths:
            del self.files[path]
        return self

    def stated(self: H, path: str, stat: Stat) -> H:
        """A stat of its own for a path."""
        self.stats[path] = stat
        return self

    def link(self: H, path: str, target: str) -> H:
        self.links[path] = target
        return self

    def answers(self: H, command: str, out: str = "", err: str = "", rc: int = 0) -> H:
        self.commands[command] = (rc, out, err)
        return self

    def has_accounts(self: H, **accounts: Tuple[int, int, List[int]]) -> H:
        """These accounts and no others, as (uid, gid, groups)."""
        self.accounts = accounts
        return self

    def for_a_user(self: H, *denied: str) -> H:
        """Looked at without root, who alone may read the denied paths."""
        self.root = False
        return self.denying(*denied)

    def denying(self: H, *paths: str) -> H:
        self.denied.update(paths)
        return self
