# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps have passed on the very files of the checkout. All tests take hours: they can be continued."""

import hashlib
import os
import subprocess
from pathlib import Path

from tests.run import env
from tests.run.judges import Counted
from tests.run.steps import Step


def digest() -> str:
    """Of each file of the checkout, with its name, but those that git ignores."""
    listing = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=env.CHECKOUT, stdout=subprocess.PIPE, check=True).stdout
    found = hashlib.sha256()
    for name in sorted(filter(None, listed.split(b"\0"))):
        path = env.CHECKOUT / os.fsdecode(name)
        content = path.read_bytes() if path.is_file() else b""
        found.update(b"%s\0%d\0%s" % (name, len(content), content))
    return found.hexdigest()


class Passed:
    """files: digest() at the beginning. Each mark lies beside the step's log, and has how much passed."""

    def __init__(self) -> None:
        self.files = digest()

    def _mark(self, step: Step) -> Path:
        return env.WORK / "log" / (step.name + ".passed")

    def _words(self, step: Step, counted: Counted) -> str:
        return "%d passed on %s: %s\n" % (counted.passed, self.files, " ".join(step.argv))

    def before(self, step: Step) -> Counted | None:
        """What the same command proved on the same files."""
        mark = self._mark(step)
        words = mark.read_text() if mark.exists() else "0"
        counted = Counted(int(words.split()[0]), 0)
        return counted if words == self._words(step, counted) else None

    def note(self, step: Step, counted: Counted) -> None:
        """Nothing is noted where somebody has edited the checkout meanwhile."""
        self._mark(step).unlink(missing_ok=True)
        if not counted.failed and digest() == self.files:
            self._mark(step).parent.mkdir(parents=True, exist_ok=True)
            self._mark(step).write_text(self._words(step, counted))
