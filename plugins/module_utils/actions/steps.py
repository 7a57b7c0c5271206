# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that steps of several actions, and of the modules of change, are made of."""

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ..edit.fpm_text import set_directives
from ..parse.linux.systemctl import command_option
from ..plan.owners import owner_objection
from ..verdict.step import FPM, NGINX, Change, Command, Edited, Refusal, Step, Trial
from .view import View, master_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master

Settings = Sequence[Tuple[str, Optional[str]]]  # directive, value; None: removed


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def changes_of(edited: Sequence[Edited], grammar: str) -> List[Change]:
    return [Change(file.path, encode(file.before), encode(file.after), 0o644, grammar) for file in edited]


def systemctl(verb: str, unit: str, *undo: str) -> Command:
    """undo: the verb, or verbs, that bring back the state before."""
    return Command(["systemctl", verb, unit], [["systemctl", word, unit] for word in undo])


def unit_of(master: "Master") -> str:
    if not master["unit"]:
        raise Refusal(
            "php-fpm with %s was not started by systemd: whoever started it must restart it"
            % master["config"]
        )
    return master["unit"]


def nginx_unit(nginx: "Nginx") -> str:
    if not nginx["unit"]:
        raise Refusal("nginx was not started by systemd: whoever started it must reload it")
    return nginx["unit"]


def _refuse(objection: Optional[str]) -> None:
    if objection:
        raise Refusal("%s: nothing of it is tried, loaded or restarted as root" % objection)


def fpm_trial(master: "Master") -> Trial:
    """php-fpm -t, as its unit would start it, but for what it would preload: that runs right before a start
    alone, see remediate/rehearsal.py.
    """
    _refuse(owner_objection(master))
    if not master["binary"]:
        raise Refusal(
            "no php-fpm program was found for %s, so no change of it can be tested" % master["config"]
        )
    argv = [master["binary"], "-d", "opcache.preload=", "-t", "-y", master["config"]]
    unit = master["unit_state"]
    prefix = command_option(unit["command"] if unit else None, "prefix")
    logs = [master["error_log"]]
    for pool in master["pools"]:
        logs += [pool["access_log"], pool["slowlog"]]
    return Trial(
        argv + (["-p", prefix] if prefix else []),
        [path for path in dict.fromkeys(logs) if path and path.startswith("/")],
        master["unit"] or "",
    )


def fpm_trials(view: View, unit: str) -> List[Trial]:
    """php-fpm -t of each master of a unit."""
    return [fpm_trial(master) for master in view.snapshot["fpm"]["masters"] if master["unit"] == unit]


def nginx_trial(nginx: "Nginx") -> Trial:
    """nginx -t of the configuration that runs, which only root can write."""
    _refuse(owner_objection(nginx))
    if not nginx["binary"] or not nginx["prefix"] or not nginx["config"]:
        raise Refusal("no nginx program was found, so no change of its configuration can be tested")
    return Trial(
        [nginx["binary"], "-t", "-q", "-p", nginx["prefix"], "-c", nginx["config"]], list(nginx["opens"])
    )


def text_of(view: View, path: str) -> str:
    text = view.files.read(path)
    if text is None:
        raise Refusal("%s cannot be read" % path)
    return text


def nginx_step(view: View, action: str, path: str, after: str) -> Step:
    """One file of nginx's configuration with another text; nginx tests it, and is reloaded."""
    nginx = view.snapshot["nginx"]
    return Step(
        action,
        path,
        changes_of([Edited(path, text_of(view, path), after)], NGINX),
        [nginx_trial(nginx)],
        [systemctl("reload", nginx_unit(nginx), "reload")],
    )


def pool_step(
    view: View, action: str, config: str, section: Optional[str], settings: Settings, verb: str
) -> Step:
    """Directives set where they stand; php-fpm tests them; then its unit is restarted or reloaded.

    config: of the master. section: the pool's name; None: [global]. verb: restart or reload. A reload takes
    most directives over, but not the owner, group, mode and ACL of a socket, which the next master inherits
    open.
    """
    master = master_of(view, config)
    unit = unit_of(master)
    edited = set_directives(
        config, view.files.read, view.files.expand, section, settings, master.get("prefix", "/usr")
    )
    return Step(
        action,
        unit,
        changes_of(edited, FPM),
        [fpm_trial(master)] if edited else [],
        [systemctl(verb, unit, *([verb] if edited else []))],
        cuts=unit,
    )
