# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of the modules that change one thing, in the order of a host, and what each must come to."""

from collections.abc import Callable
from typing import Any, NamedTuple

LOOK, REFUSE, RELIEVE = ("bash /root/edits/" + name for name in ("look", "refuse", "relieve"))
CHILDREN = "pm.max_children = %d ; a small host\r"
PHP = [{"server": "shop.example"}, {"location": "~ \\.php$"}]
TIMEOUT = "        fastcgi_read_timeout %s;\r"
Result = dict[str, Any]


class Case(NamedTuple):
    """One call of a module.

    target: the variable that names the edited file. lines: what is different in it. Without lines the module
    must fail, and its message must hold `why`. full: the call is also made again, for real and in check mode.
    then: whether the daemons work with the change. before and after: scripts around the call.
    """

    name: str
    module: str
    arguments: dict[str, Any]
    target: str = ""
    lines: tuple[str, ...] = ()
    full: bool = False
    then: Callable[[Result, Result], bool] = lambda _before, _after: True
    before: str = ""
    after: str = ""
    why: str = ""

    @property
    def title(self) -> str:
        return "%s, %s" % (self.module, self.name)

    @property
    def steps(self) -> list[str]:
        if not self.lines:
            return ["real"]
        return ["check", "real", *(("again", "check again") if self.full else ())]


def pool(
    name: str,
    settings: dict[str, Any],
    *lines: str,
    service: str = "none",
    state: str = "present",
    **more: Any,
) -> Case:
    arguments = {"pool": "www", "settings": settings, "service": service, "state": state, "verify_timeout": 3}
    return Case(name, "fpm_config", arguments, "POOL_FILE", lines, **more)


def site(name: str, args: list[str] | None, *lines: str, **more: Any) -> Case:
    wanted = {"state": "absent"} if args is None else {"args": args}
    return Case(
        name,
        "nginx_config",
        {"context": PHP, "directive": "fastcgi_read_timeout", "reload": True, "verify_timeout": 3, **wanted},
        "SITE_FILE",
        lines,
        **more,
    )


def reads(section: str, name: str, value: str) -> Callable[[Result, Result], bool]:
    return lambda _before, after: after["fpm"][section].get(name) == value and after["http"] == "200"


CASES = [
    pool(
        "one more worker, reload",
        {"pm.max_children": 4},
        "-" + CHILDREN % 3,
        "+" + CHILDREN % 4,
        service="reload",
        full=True,
        then=lambda before, after: (
            (before["workers"], after["workers"]) == (3, 4) and before["master"] == after["master"]
        ),
    ),
    pool(
        "one less, restart",
        {"pm.max_children": 3},
        "-" + CHILDREN % 4,
        "+" + CHILDREN % 3,
        service="restart",
        then=lambda before, after: (
            (before["workers"], after["workers"]) == (4, 3) and before["master"] != after["master"]
        ),
    ),
    pool(
        "a new directive",
        {"request_terminate_timeout": "30s"},
        "+request_terminate_timeout = 30s\r",
        then=reads("www", "request_terminate_timeout", "30s"),
    ),
    pool(
        "without it again",
        {"request_terminate_timeout": ""},
        "-request_terminate_timeout = 30s\r",
        full=True,
        state="absent",
        then=reads("www", "request_terminate_timeout", "0s"),
    ),
    Case(
        "a global one, reload",
        "fpm_config",
        {"settings": {"process_control_timeout": "5s"}, "service": "reload", "verify_timeout": 3},
        "FPM_CONF",
        ("+process_control_timeout = 5s",),
        then=reads("global", "process_control_timeout", "5s"),
    ),
    pool("no worker at all", {"pm.max_children": 0}, service="reload", why="pm.max_children"),
    pool("an unknown directive", {"pm.max_childern": 7}, service="restart", why="pm.max_childern"),
    pool(
        "another socket than nginx dials",
        {"listen": "/run/moved.sock"},
        service="restart",
        why="nobody answers at",
    ),
    site(
        "a moment of patience",
        ["300ms"],
        "+" + TIMEOUT % "300ms",
        full=True,
        then=lambda before, after: (before["slow"], after["slow"]) == ("200", "504"),
    ),
    site(
        "half a minute",
        ["30s"],
        "-" + TIMEOUT % "300ms",
        "+" + TIMEOUT % "30s",
        then=lambda _before, after: after["slow"] == "200" and after["nginx"] == ["fastcgi_read_timeout 30s"],
    ),
    site("no number", ["abc"], why="fastcgi_read_timeout"),
    site("nginx cannot be reloaded with it", ["7s"], why="reload", before=REFUSE, after=RELIEVE),
    site(
        "without it again",
        None,
        "-" + TIMEOUT % "30s",
        full=True,
        then=lambda _before, after: after["nginx"] == [] and after["slow"] == "200",
    ),
    Case("swap in a container", "swap_file", {"path": "/swapfile", "size": "64M"}, why="swap"),
]


def tasks() -> list[dict[str, Any]]:
    """A task for each step, named CASE/STEP. Another one looks at the host, named CASE/after STEP."""
    entries: list[dict[str, Any]] = []

    def look(case: Case, step: str, script: str = "true") -> None:
        command = "%s; %s%s" % (script, LOOK, " slow" if case.module == "nginx_config" else "")
        entries.append(
            {
                "name": "%s/after %s" % (case.title, step),
                "ansible.builtin.raw": command,
                "check_mode": False,
                "diff": False,
            }
        )

    for case in CASES:
        if case.before:
            look(case, "before", case.before)
        for step in case.steps:
            entries.append(
                {
                    "name": "%s/%s" % (case.title, step),
                    "webmedic.php_fpm." + case.module: case.arguments,
                    "check_mode": step.startswith("check"),
                }
            )
            if step != "again":
                look(case, step)
        if case.after:
            look(case, "after", case.after)
    return entries
