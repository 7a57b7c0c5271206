# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masters that could run and do not, and what starts those without a unit of their own. That is a script in
/etc/init.d, or a unit that systemd makes of it.
"""

import posixpath
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ...parse.linux.systemctl import DISABLED, GENERATED, command_option
from ...parse.titles import is_fpm
from ..host import Host
from .installation import SCRIPTS, Installation, exists
from .layouts import LAYOUTS, Layout, layout_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit

MOST_SCRIPTS = 20
OPENRC = "/run/openrc"


class Script(NamedTuple):
    path: str
    program: str
    config: str  # "": the one that is compiled in
    unit: Optional[str]  # that systemd made of it


def is_native(unit: Optional["Unit"]) -> bool:
    """Whether it is a unit that somebody wrote, and not made of a script."""
    if unit is None or unit["load"] in (None, "not-found"):
        return False
    return not (unit["fragment"] or "").startswith(GENERATED)


def starts(host: Host, unit: "Unit", config: str, binary: str) -> bool:
    """Whether a unit starts this php-fpm: another one may have the name that a packaging gives its own."""
    command = unit["command"] or ""
    program = command.split(" ")[0]
    if not is_fpm(program):
        return True  # it runs a script
    named = command_option(command, "config")
    return named == config if named else host.realpath(program) == host.realpath(binary)


def unit_of_layout(host: Host, units: Dict[str, "Unit"], layout: Layout) -> Optional[str]:
    """The unit that the packaging names, where it is there and starts this php-fpm."""
    unit = units.get(layout.unit or "")
    if unit is None or unit["load"] in (None, "not-found"):
        return None
    return layout.unit if starts(host, unit, layout.config, layout.binary) else None


def init_scripts(host: Host, units: Dict[str, "Unit"]) -> List[Script]:
    """Those that start php-fpm and have no unit beside them, which would start it instead."""
    scripts: List[Script] = []
    names = [name for name in host.names(SCRIPTS) if "php" in name and "fpm" in name]
    for name in names[:MOST_SCRIPTS]:
        unit = units.get(name + ".service")
        native = is_native(unit)
        # Debian's has the unit's own configuration.
        if native and unit and command_option(unit["command"], "config"):
            continue
        text = host.text(posixpath.join(SCRIPTS, name))
        if text is None:
            continue
        from ...parse.php_fpm.init_script import started_by

        started = started_by(text)
        if started is None or native and unit and starts(host, unit, started.config or "", started.program):
            continue
        known = unit is not None and not native and unit["load"] not in (None, "not-found")
        path, its_unit = posixpath.join(SCRIPTS, name), name + ".service" if known else None
        scripts.append(Script(path, started.program, started.config or "", its_unit))
    return scripts


def _by_openrc(host: Host, command: Optional[str]) -> Optional[str]:
    """OpenRC keeps its state there, and runs Debian's own scripts, too."""
    path, _blank, word = (command or "").partition(" ")
    if word != "start" or posixpath.dirname(path) != SCRIPTS or host.type_of(OPENRC) != "directory":
        return command
    return "rc-service %s start" % posixpath.basename(path)


def start_command(
    host: Host, layout: Layout, unit: Optional["Unit"], scripts: List[Script], units: Dict[str, "Unit"]
) -> Optional[str]:
    """None where a unit of its own starts it, or nothing is known."""
    if is_native(unit):
        return None
    for script in scripts:
        if script.config == layout.config or not script.config and script.program == layout.binary:
            return _by_openrc(host, script.path + " start")
    program = layout.start.split(" ")[0] if layout.start else ""
    if is_native(units.get(posixpath.basename(program) + ".service")):
        return None  # systemd starts that instead, which has another configuration
    return _by_openrc(host, layout.start) if program and host.type_of(program) == "file" else None


def _idle_masters(
    host: Host, units: Dict[str, "Unit"], scripts: List[Script], layouts: List[Layout], taken: List[str]
) -> List[Installation]:
    """Masters that could run and do not: of units, of scripts, then of packagings. Those that somebody
    disabled come last.
    """
    idle: List[Installation] = []
    seen = {host.realpath(config) for config in taken}

    def add(layout: Layout, binary: Optional[str], unit: Optional[str]) -> None:
        real = host.realpath(layout.config)
        if layout.config and real not in seen:
            seen.add(real)
            idle.append(Installation(layout, binary, None, unit))

    for name, unit in sorted(units.items()):
        command = unit["command"]
        program = command.split()[0] if command else ""
        if not is_fpm(program):
            continue
        packaged = [layout.config for layout in layouts if layout.binary == program]
        # A main file that somebody deleted: no packaging is seen then.
        packaged += [row.config for row in LAYOUTS if row.binary == program and "*" not in row.config]
        config = command_option(command, "config") or next(iter(packaged), "")
        add(layout_of(config, program), program if exists(host, program) else None, name)
    for script in scripts:
        compiled_in = (layout.config for layout in layouts if layout.binary == script.program)
        config = script.config or next(compiled_in, "")
        binary = script.program if exists(host, script.program) else None
        add(layout_of(config, script.program), binary, script.unit)
    for layout in layouts:
        binary = layout.binary if exists(host, layout.binary) else None
        add(layout, binary, unit_of_layout(host, units, layout))
    return sorted(idle, key=lambda master: bool(master.unit and units[master.unit]["enabled"] in DISABLED))


def with_idle(
    host: Host, units: Dict[str, "Unit"], layouts: List[Layout], running: List[Installation]
) -> Tuple[List[Installation], List[Optional[str]]]:
    """The masters, running ones first, and the command that starts each where no unit of its own does."""
    # It may have a unit beside each script.
    silent = any(entry["what"] == "units" for entry in host.missing)
    scripts = [] if silent else init_scripts(host, units)
    taken = [master.layout.config for master in running]
    every = running + _idle_masters(host, units, scripts, layouts, taken)
    if silent:
        return every, [None] * len(every)
    own = [units.get(each.unit or "") for each in every]
    return every, [start_command(host, each.layout, unit, scripts, units) for each, unit in zip(every, own)]
