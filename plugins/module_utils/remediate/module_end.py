# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module that makes one change ends: with what the change came to, or with why there is none."""

from typing import TYPE_CHECKING, Callable

from ..change.lock import Busy
from ..change.record import UndoFailed
from ..work.step import Refusal
from .carry_out import Outcome
from .one_change import failure, reply

if TYPE_CHECKING:
    from typing import NoReturn, Protocol

    class Module(Protocol):
        """What is used of AnsibleModule, which this side does not import."""

        def warn(self, warning: str) -> None:
            """A sentence for the operator."""

        def fail_json(self, msg: str, **returned: object) -> "NoReturn":
            """Ends the module."""

        def exit_json(self, **returned: object) -> "NoReturn":
            """Ends the module."""


def end_with(module: "Module", change: Callable[[], Outcome], **returned: object) -> "NoReturn":
    """returned: what this module returns beside what all of them do."""
    try:
        outcome = change()
    except (Refusal, Busy) as refusal:
        module.fail_json(msg="Nothing was changed: %s." % refusal)
    except UndoFailed as stuck:
        module.fail_json(msg="Look at this host now: %s" % stuck)
    result = dict(reply(outcome), **returned)
    why = failure(outcome)
    if why:
        module.fail_json(msg=why, **result)
    if outcome.why:
        module.warn(outcome.why)
    module.exit_json(**result)
