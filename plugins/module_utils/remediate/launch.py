# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How systemd would start a unit: program, environment, account, directories, and what it would keep the
program from.
"""

import grp
import os
import re
import shlex
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..collect.host import Host
from ..parse.linux.systemctl import COMMAND, READ_ONLY
from ..parse.number import count
from ..work.step import Refusal, Untried

# What gives the program another view of the files, or another account, that a trial cannot give it.
NOT_TRIED = (
    "RootDirectory",
    "RootImage",
    "MountImages",
    "BindPaths",
    "BindReadOnlyPaths",
    "DynamicUser",
    "PrivateUsers",
    "TemporaryFileSystem",
)
_MADE = {
    "RuntimeDirectory": "/run",
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
}
_PROPERTIES = (
    ("LoadState", "NeedDaemonReload", "FragmentPath", "DropInPaths", "ActiveEnterTimestampMonotonic")
    + ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "WorkingDirectory")
    + ("Environment", "EnvironmentFiles", "User", "Group", "SupplementaryGroups")
    + ("ProtectSystem", "ProtectHome", "PrivateTmp", "RuntimeDirectoryMode")
    + ("ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths")
    + ("CanReload", "RefuseManualStart", "RefuseManualStop", "StartLimitBurst", "StartLimitIntervalUSec")
    + ("After", "Requires", "Requisite", "BindsTo", "Conflicts")
    + ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo", "ConflictedBy")
    + NOT_TRIED
    + tuple(_MADE)
)
_HOMES = ("/home", "/root", "/run/user")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


class Launch(NamedTuple):
    unit: str
    argv: List[str]  # with the variables filled in
    environment: Dict[str, str]
    environment_files: List[str]  # read at each start
    ids: Optional[Tuple[int, int, List[int]]]  # user, group, all groups; None: root's
    folder: str  # where it begins
    makes: List[str]  # directories that systemd makes first
    definition: List[str]  # the unit's files
    needs_reload: bool  # systemd has not read them as they are now
    active_since: float  # seconds since boot; 0.0: never
    settings: Dict[str, List[str]]  # those of _PROPERTIES


def _words(values: List[str]) -> List[str]:
    try:
        return shlex.split(" ".join(values))
    except ValueError:
        return " ".join(values).split()


def _assignments(words: List[str]) -> Dict[str, str]:
    return dict(word.partition("=")[::2] for word in words if "=" in word)


def environment_file(text: str) -> Dict[str, str]:
    """systemd.exec(5), EnvironmentFile=: NAME=value lines, quoted or not."""
    found: Dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            value = value.strip()
            if value[:1] in ("'", '"') and len(value) > 1 and value.endswith(value[0]):
                value = value[1:-1] if value[0] == "'" else re.sub(r"\\(.)", r"\1", value[1:-1])
            found[name.strip()] = value
    return found


def _filled(argv: str, environment: Dict[str, str]) -> List[str]:
    """A command line of systemd's. A word that is a variable by itself may become several words."""
    found: List[str] = []
    for word in argv.split(" "):
        alone = re.match(r"\$(\w+)\Z", word)
        if alone:
            found += environment.get(alone.group(1), "").split()
        else:
            found.append(
                _VARIABLE.sub(
                    lambda match: environment.get(match.group(1) or match.group(2), ""), word
                ).replace("$$", "$")
            )
    return found


def _group(name: str) -> Optional[int]:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return count(name)


def _ids(host: Host, unit: str, settings: Dict[str, List[str]]) -> Optional[Tuple[int, int, List[int]]]:
    user, group = ("".join(settings[name]) for name in ("User", "Group"))
    if user in ("", "root", "0") and not group:
        return None
    uid, gid, groups = 0, 0, [0]
    if user:
        number = count(user)
        account = host.account(user) or (None if number is None else host.account(host.user_name(number)))
        if account is None:
            raise Refusal("%s runs as the user %s, whom this host does not know" % (unit, user))
        uid, gid, groups = account
    named = [group] if group else []
    for name in named + _words(settings["SupplementaryGroups"]):
        number = _group(name)
        if number is None:
            raise Refusal("%s runs in the group %s, which this host does not know" % (unit, name))
        groups = groups + [number]
        gid = number if name == group else gid
    return uid, gid, sorted(set(groups))


def launch(host: Host, unit: str) -> Launch:
    """Raises Refusal when the start could not even begin, Untried when systemd does not tell."""
    ran = host.run(["systemctl", "show", "--no-pager", "-p", ",".join(_PROPERTIES), "--", unit])
    manager = host.run(["systemctl", "show-environment"])
    settings: Dict[str, List[str]] = {name: [] for name in _PROPERTIES}
    for line in ran.out.splitlines():
        name, _equals, value = line.partition("=")
        if value and name in settings:
            settings[name].append(value)
    command = COMMAND.search(" ".join(settings["ExecStart"]))
    if ran.rc != 0 or not command or manager.rc is None:
        error = ran.err.strip()[:200] if manager.rc is not None or ran.rc is None else manager.err
        why = error or "LoadState=%s" % "".join(settings["LoadState"])
        raise Untried("systemctl show %s does not tell how it is started: %s" % (unit, why))
    environment = dict(
        _assignments(manager.out.splitlines()), **_assignments(_words(settings["Environment"]))
    )
    files: List[str] = []
    for entry in settings["EnvironmentFiles"]:
        path, _blank, options = entry.partition(" (")
        text = host.text(path)
        if text is None and "ignore_errors=yes" not in options:
            raise Refusal("%s is started with EnvironmentFile=%s, which cannot be read" % (unit, path))
        files.append(path)
        environment.update(environment_file(text or ""))
    makes = [
        os.path.join(root, name.partition(":")[0])
        for kind, root in _MADE.items()
        for name in _words(settings[kind])
    ]
    folder = "".join(settings["WorkingDirectory"])
    if folder.startswith("!"):  # may be missing
        folder = folder[1:] if host.type_of(folder[1:]) == "directory" else "/"
    definition = settings["FragmentPath"] + _words(settings["DropInPaths"])
    return Launch(
        unit,
        [command.group(1)] + _filled(command.group(2), environment)[1:],
        environment,
        files,
        _ids(host, unit, settings),
        folder if folder.startswith("/") else "/",
        makes,
        definition,
        settings["NeedDaemonReload"] == ["yes"],
        int("".join(settings["ActiveEnterTimestampMonotonic"]) or 0) / 1e6,
        settings,
    )


def _under(path: str, folders: List[str]) -> Optional[str]:
    return next(
        (folder for folder in folders if folder == "/" or path == folder or path.startswith(folder + "/")),
        None,
    )


def kept_from(found: Launch, path: str) -> Optional[str]:
    """The setting by which the unit's program cannot write at path, if any."""
    settings = {name: "".join(values) for name, values in found.settings.items()}
    listed = {
        name: [word.lstrip("-+") for word in _words(found.settings[name])]
        for name in ("ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths")
    }
    for name in ("InaccessiblePaths", "ReadOnlyPaths"):
        where = _under(path, listed[name])
        if where and not (name == "ReadOnlyPaths" and _under(path, listed["ReadWritePaths"])):
            return "%s=%s" % (name, where)
    if (
        settings["ProtectHome"] not in ("", "no")
        and _under(path, list(_HOMES))
        and not _under(path, listed["ReadWritePaths"])
    ):
        return "ProtectHome=%s" % settings["ProtectHome"]
    open_ones = (
        listed["ReadWritePaths"]
        + found.makes
        + ["/dev", "/proc", "/sys"]
        + (["/tmp", "/var/tmp"] if settings["PrivateTmp"] not in ("", "no") else [])
    )
    if _under(path, list(READ_ONLY.get(settings["ProtectSystem"], ()))) and not _under(path, open_ones):
        return "ProtectSystem=%s" % settings["ProtectSystem"]
    return None
