# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogue's texts name in braces, put in their place.

A field comes from a host. It is quoted for the shell, because people paste what they read here, and it is
never run through a template. Where a field is not known, no command is shown that lacks it: plain words stand
there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import GONE

from .answers.untrusted import MAX_TEXT

# What a text may name in braces, and its name in docs/causes.md, which speaks of any host.
FIELDS = {
    "unit": "UNIT",
    "pool": "POOL",
    "site": "SITE",
    "endpoint": "ENDPOINT",
    "address": "ADDRESS",
    "socket": "SOCKET",
    "user": "NGINX_USER",
    "path": "PATH",
    "port": "PORT",
    "file": "FILE",
    "line": "LINE",
    "directory": "DIRECTORY",
    "account": "ACCOUNT",
    "package": "PACKAGE",
    "to": "the site's own pool",
    "pids": "PIDS",
}
# What stands in a sentence for a field that is not known.
NOUNS = {
    "unit": "php-fpm's unit",
    "pool": "the pool",
    "site": "the site",
    "endpoint": "the address that nginx dials",
    "address": "its address",
    "socket": "the socket",
    "user": "nginx's user",
    "path": "what the evidence names",
    "port": "the port",
    "file": "the file",
    "line": "the line",
    "directory": "the directory",
    "account": "the account",
    "package": "the php-fpm that the site needs",
    "to": "the site's own pool",
    "pids": "the processes",
}
# What stands for a command, or a turn of words, with a field that is not known. Longer ones come first.
INSTEAD = (
    ("systemctl reset-failed {unit} && systemctl start {unit}", "clear its failures and start php-fpm"),
    ("systemctl enable {unit}", "let a boot start it"),
    ("systemctl unmask {unit} && systemctl start {unit}", "unmask its unit and start php-fpm"),
    ("systemctl unmask {unit}", "unmask its unit"),
    ("systemctl daemon-reload && systemctl restart {unit}", "load its unit anew and restart php-fpm"),
    ("systemctl daemon-reload && systemctl start {unit}", "load its unit anew and start php-fpm"),
    ("systemd-tmpfiles --create && systemctl start {unit}", "make its runtime directory and start php-fpm"),
    ("nginx -t && systemctl reload {unit}", "nginx -t && nginx -s reload"),
    ("systemctl enable --now {unit}", "enable and start it"),
    ("systemctl thaw {unit}", "thaw its unit"),
    ("ps -fp {pids}", "look at the processes in the evidence"),
    ("kill {pids}", "end them"),
    ("kill -CONT {pids}", "send SIGCONT to the processes"),
    ("`echo 0 > cgroup.freeze` in {path}, or `echo THAWED > freezer.state` there", "unfreeze its cgroup"),
    ("systemctl list-dependencies {unit}", "the list of what its unit needs"),
    ("systemctl status {unit}", "the status of its unit"),
    ("systemctl cat {unit}", "the text of its unit"),
    ("systemctl edit {unit}", "a drop-in of its unit"),
    ("systemctl start {unit}", "start php-fpm"),
    ("systemctl restart {unit}", "restart php-fpm"),
    ("systemctl reload {unit}", "reload php-fpm"),
    ("journalctl -u {unit} -n 100", "php-fpm's journal"),
    ("journalctl -u {unit} -n 50", "php-fpm's journal"),
    ("journalctl -u {unit}", "php-fpm's journal"),
    ("df -h {directory} and df -i {directory}", "look at its bytes and inodes (df -h, df -i)"),
    ("`df -h {directory}`, `df -i {directory}`", "`df -h`, `df -i`"),
    ("ReadWritePaths={directory}", "ReadWritePaths= with the directory"),
    ("the directory {directory}", "the directory that the evidence names"),
    ("namei -l {socket}", "a look at each directory above the socket"),
    ("getfacl {socket}", "a look at its ACL"),
    ("stat {socket}", "its type and owner"),
    ("setfacl -m m::rw {socket}", "give the ACL's mask rw"),
    ("setfacl -m u:{user}:rw {socket}", "an entry for that user in the socket's ACL"),
    ("setfacl -m u:{user}:x {path}", "give that user x in the directory's ACL"),
    ("{socket} rw,", "the socket's path, with rw,"),
    ("restorecon -Rv {path}", "relabel it with restorecon"),
    ("restorecon -RFv {path}", "relabel it with restorecon"),
    ("restorecon -v {path}", "relabel it with restorecon"),
    ("semanage fcontext -a -t httpd_var_run_t {path}", "give it the type httpd_var_run_t for good"),
    ("semanage port -a -t http_port_t -p tcp {port}", "give the port the type http_port_t (semanage port)"),
    ("useradd --system {account}", "useradd"),
    ("the account {account}", "the account"),
    ("in {file}:{line} dial {to}, then", "bring the site's own pool back, or dial it in {file}:{line}, then"),
    ("pool {pool}", "the pool"),
    ("{file}:{line}", "the file that the evidence names"),
)

_FIELD = re.compile(r"\{(%s)\}" % "|".join(FIELDS))


def _shown(value: Any) -> str | None:
    """A field of a host as one word of the shell. None where it is not known, or cannot be shown: what was
    cut or redacted would name something else.
    """
    if isinstance(value, int):
        return str(value)
    whole = isinstance(value, str) and 0 < len(value) < MAX_TEXT and GONE not in value
    return shlex.quote(value) if whole and value.isprintable() else None


def _begins(text: str, position: int) -> bool:
    return position == 0 or text[:position].endswith((". ", ".  "))


def _values(known: Mapping[str, Any]) -> dict[str, str]:
    """What can be shown of the fields."""
    shown = {name: _shown(known.get(name)) for name in FIELDS}
    pids = known.get("pids") or []  # several words of the shell
    shown["pids"] = " ".join(str(pid) for pid in pids if type(pid) is int and pid > 1) or None
    return {name: value for name, value in shown.items() if value is not None}


def complete(text: str, known: Mapping[str, Any]) -> bool:
    """Whether each field that a text names can be shown."""
    return set(_FIELD.findall(text)) <= set(_values(known))


def filled(text: str, known: Mapping[str, Any]) -> str:
    """known: the fields by name."""
    values = _values(known)
    for command, words in INSTEAD:
        if set(_FIELD.findall(command)) <= set(values) or set(_FIELD.findall(words)) - set(values):
            continue
        for quoted in ("`%s`" % command, command):
            while quoted in text:
                at = text.index(quoted)
                # A command may begin a sentence as it is. Words may not.
                capital = quoted[0] == "`" and _begins(text, at)
                there = words[0].upper() + words[1:] if capital else words
                text = text[:at] + there + text[at + len(quoted) :]
    return _FIELD.sub(lambda match: values.get(match.group(1), NOUNS[match.group(1)]), text)


def named(text: str) -> str:
    """The same for a page that speaks of any host: the names of the fields, in capitals."""
    return _FIELD.sub(lambda match: FIELDS[match.group(1)], text)
