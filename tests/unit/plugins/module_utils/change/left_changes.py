# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change that a killed run left open, described in words, and the host that has gone on without it."""

import json
import os
from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import left_behind, present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.left_behind import Closed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import Transaction
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Command
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import (
    Service,
    World,
    tree,
)

UNIT = "php8.2-fpm.service"
SOCKET = "unix:/run/php/php8.2-fpm.sock"
DAY = 86400
RESTART = Command(["systemctl", "restart", UNIT], [["systemctl", "restart", UNIT]])
START = Command(["systemctl", "start", UNIT], [["systemctl", "stop", UNIT]])
MKSWAP = Command(["mkswap", "/swap"], [["rm", "-f", "/swap"]])
SWAPON = MKSWAP._replace(do=["swapon", "/swap"])


class LeftChange:
    """commands: of the step; ran: how many of them the killed run began. replaced: whether it had replaced
    the files. failing: programs that fail now.

    The unit runs and is served, unless told; its state changed days ago, unless a command of it ran.
    """

    def __init__(
        self,
        top: Any,
        monkeypatch: Any,
        *commands: Command,
        ran: int = 0,
        replaced: bool = True,
        failing: Sequence[str] = (),
    ) -> None:
        self.world = World(str(top))
        self.disk, self.host = Service(self.world, failing), Host()
        self.active, self.state_age, self.answers = "active", 10.0 * DAY, [SOCKET]
        self.newer: Optional[bool] = None
        monkeypatch.setattr(present, "unit_states", self._states)
        monkeypatch.setattr(present, "_daemons", self._daemons)
        monkeypatch.setattr(present, "_served", self._served)
        target = UNIT if commands and commands[0] != MKSWAP else "/swap"
        step = self.world.step._replace(commands=list(commands), target=target)
        transaction = Transaction.begin(step, self.host, Disk(), self.world.state)
        if replaced:
            transaction.replace()
        for command in commands[:ran]:
            transaction.disk = self.disk
            transaction.run(command)
            self.state_age = 0.0 if command.do[0] == "systemctl" else self.state_age
        if os.path.exists(self.world.service + ".log"):
            os.unlink(self.world.service + ".log")

    def _states(self, host: Any, names: Sequence[str], logs: bool) -> Dict[str, Any]:
        state = {"active": self.active, "changed_at": host.now() - self.state_age, "main_pid": 0}
        return {name: dict(state) for name in names}

    def _daemons(self, _host: Any) -> Any:
        nginx, master = ({"unit": unit, "config_newer": None} for unit in ("nginx.service", UNIT))
        return present.Daemons([], nginx, [dict(master, config_newer=self.newer)])

    def _served(self, _host: Any, _seen: Any, units: Any, *_more: Any) -> Any:
        return ([SOCKET], self.answers) if units else ([], [])

    def down(self, active: str = "failed") -> "LeftChange":
        """The unit does not run, and nobody is served."""
        self.active, self.answers = active, []
        return self

    def edited_since(self) -> "LeftChange":
        """Somebody has edited the unit's configuration, and not loaded it."""
        self.newer = True
        return self

    def state_changed(self, seconds: float) -> "LeftChange":
        """The unit's state changed so many seconds ago."""
        self.state_age = seconds
        return self

    def marked(self, before: str, after: str) -> "LeftChange":
        """The mark of the first command is another."""
        os.rename(os.path.join(self.opened, before), os.path.join(self.opened, after))
        return self

    def noted(self, **more: Any) -> "LeftChange":
        """Fields of the journal are these."""
        return self.journaled(json.dumps({**self.journal(), **more}).encode())

    def journaled(self, data: bytes) -> "LeftChange":
        with open(os.path.join(self.opened, "journal.json"), "wb") as stream:
            stream.write(data)
        return self

    def raw_journal(self) -> bytes:
        with open(os.path.join(self.opened, "journal.json"), "rb") as stream:
            return stream.read()

    def journal(self) -> Dict[str, Any]:
        journal: Dict[str, Any] = json.loads(self.raw_journal().decode())
        return journal

    @property
    def opened(self) -> str:
        return os.path.join(self.world.state, "transaction")

    def close(self, really: bool = True) -> Optional[Closed]:
        return left_behind.settle(self.host, self.disk, self.world.state, really)

    def settle(self) -> Closed:
        """Looked at first, then done: both say the same, and nothing stays open."""
        before = tree(self.world.top)
        expected = self.close(really=False)
        assert tree(self.world.top) == before
        closed = self.close()
        assert expected and closed
        assert expected.fate == closed.fate or closed.why.startswith("the way back failed")
        names = [name for name in self.world.state_names() if name.startswith("transaction")]
        assert all("damaged" in name for name in names)
        assert not [path for path in tree(self.world.etc) if "webmedic" in path] or closed.fate == "damaged"
        return closed

    @property
    def commands(self) -> List[str]:
        """What was run to close it."""
        return self.world.log()

    @property
    def as_before(self) -> bool:
        return tree(self.world.etc) == self.world.start

    @property
    def as_written(self) -> bool:
        return self.world.contents() == self.world.new
