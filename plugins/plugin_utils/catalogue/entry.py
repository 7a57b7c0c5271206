# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of one cause or reason. Each file in words/ has a table WORDS of them: a file a cause.

Texts may name the fields and the commands of ``placeholders.py`` in braces. What stands between backticks is
to be typed.
"""

from __future__ import annotations

from typing import NamedTuple


class When(NamedTuple):
    """A fix that is better where a fact of the finding, or its state, has that value. None: any value."""

    fact: str
    value: str | None
    fix: str


class Entry(NamedTuple):
    """What a person should know about a cause or one of its reasons."""

    title: str  # the heading in the table; with the ids it must fit a line, which a test holds
    what: str  # what happens on the host
    decides: str  # the evidence that tells it from its neighbours
    fix: str  # one line: the shortest correct action; its commands are also shown on their own, to be pasted
    advice: str  # the same with what to look at first and after
    do_not: str  # the usual wrong fix, and why it is wrong here
    again: str = ""  # what keeps it from coming back once it is over, where that is not its fix
    # Of a cause: whether it comes back by itself, as with the next deploy or the next rush, until its fix is
    # done.
    returns: bool = False
    over: str = ""  # of a cause: what to do once it is over, where nothing is known to bring it back
    when: tuple[When, ...] = ()  # fixes that are better; those of a cause are also those of its reasons
    # Of a risk: what visitors and logs would show when it comes true.
    outage: str = ""
