# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of steps that several actions and modules share."""

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple, Union

from ..edit.fpm_text import set_directives
from ..parse.linux.systemctl import command_option
from ..plan.load_refusal import load_refusal
from ..work.step import FPM, NGINX, Change, Command, Edited, Refusal, Step, Trial, as_bytes
from .view import View, groups_of, master_of, unloaded_pools

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master, Pool

Settings = Sequence[Tuple[str, Optional[str]]]  # directive, value; None: removed


def changes_of(edited: Sequence[Edited], grammar: str) -> List[Change]:
    return [Change(file.path, as_bytes(file.before), as_bytes(file.after), 0o644, grammar) for file in edited]


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


def _require_trusted(program: "Union[Nginx, Master]") -> None:
    refusal = load_refusal(program)
    if refusal:
        raise Refusal("%s: nothing of it is tried, loaded or restarted as root" % refusal)


def fpm_trial(master: "Master") -> Trial:
    """php-fpm -t, as the unit would start it, but without opcache.preload: remediate/rehearsal.py tries that
    right before a start.
    """
    _require_trusted(master)
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


def load_step(view: View, action: str, unit: str, verb: str) -> Step:
    """php-fpm's unit reloaded or restarted, once each of its masters accepts its configuration."""
    return Step(
        action,
        unit,
        [],
        [fpm_trial(master) for master in view.snapshot["fpm"]["masters"] if master["unit"] == unit],
        [systemctl(verb, unit)],
        cuts=unit,
        to_load=unloaded_pools(view, unit),
    )


def nginx_trial(nginx: "Nginx") -> Trial:
    """nginx -t of the configuration that runs."""
    _require_trusted(nginx)
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
    """Another text for one file of nginx's configuration. nginx tests it, and is reloaded."""
    nginx = view.snapshot["nginx"]
    return Step(
        action,
        path,
        changes_of([Edited(path, text_of(view, path), after)], NGINX),
        [nginx_trial(nginx)],
        [systemctl("reload", nginx_unit(nginx), "reload")],
    )


def fpm_changes(view: View, master: "Master", section: Optional[str], settings: Settings) -> List[Change]:
    """section: the pool's name; None: [global]."""
    edited = set_directives(
        master["config"],
        view.files.read,
        view.files.expand,
        section,
        settings,
        master.get("prefix", "/usr"),
    )
    return changes_of(edited, FPM)


def socket_group(view: View, pool: "Pool") -> str:
    """The group of a pool's socket by the configuration. The default is the owner's."""
    return str(pool["listen_group"] or next(iter(groups_of(view, pool["listen_owner"] or "")), "root"))


def pool_step(
    view: View, action: str, config: str, section: Optional[str], settings: Settings, verb: str
) -> Step:
    """Directives are set where they stand, php-fpm tests them, and its unit is restarted or reloaded.

    config: of the master. section: as in fpm_changes(). verb: restart or reload. A reload does not apply the
    owner, group, mode and ACL of a socket: the next master inherits the open socket.
    """
    master = master_of(view, config)
    unit = unit_of(master)
    changes = fpm_changes(view, master, section, settings)
    return Step(
        action,
        unit,
        changes,
        [fpm_trial(master)] if changes else [],
        [systemctl(verb, unit, *([verb] if changes else []))],
        cuts=unit,
    )
