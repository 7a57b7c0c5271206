# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx refuses when it loads its configuration, beside what conf.py and routes.py find in it."""

import posixpath
import re
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from .conf import Conf, Directive, every, named
from .listen import bound_at, is_default, shown_address
from .served import servers

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem

# Read when the configuration is: ngx_ssl_certificate(), ngx_ssl_dhparam(), ngx_ssl_client_certificate().
_READ = frozenset(
    ("ssl_certificate", "ssl_certificate_key", "ssl_dhparam", "ssl_client_certificate")
    + ("ssl_trusted_certificate",)
)
_NO_FILE = ("data:", "engine:", "store:", "syslog:", "memory:", "stderr", "off", "/dev/")
# ngx_conf_log_error(): where it stands ends the message.
_PLACE = re.compile(r" in (/[^:]+):(\d+)\Z")
_KILLED = "see journalctl -k, start it, and give the unit Restart=on-failure"
_WHY = (
    ("no port in upstream", "no upstream that nginx reads has this name"),
    ('unknown directive "ssl"', "nginx has none since 1.25.1; write ssl on the listen line"),
    ("unknown directive", "it is misspelt, or of a module that nginx does not load, or of another version"),
    (
        "unknown log format",
        "no log_format before this line has the name; options such as buffer= follow a name",
    ),
    (
        '"daemon" directive is dup',
        "nginx's command line (-g of its unit) or a line before has it, too: take this out",
    ),
    (
        "already declared size",
        "give the zone one size wherever it is named, or give one of the two another name",
    ),
    ("zero size shared memory", "no limit_req_zone, limit_conn_zone or fastcgi_cache_path has this name"),
    ('unknown "', "nothing that nginx reads makes this variable"),
    ("not binary compatible", "the module is of another build of nginx: install that of this one"),
    (" instead of ", "the module is of another version of nginx: install that of this one"),
    ("killed by the OOM killer", _KILLED),
    ("status=9/KILL", _KILLED),
    ("mount namespacing", "make what it names, or take it out of the unit"),
    ("step EXEC", "install its package anew"),
    (
        "at step [A-Z]",
        "a setting of the unit fails: CHDIR is WorkingDirectory=, STDERR StandardError=, USER User=",
    ),
    ("more than one ExecStart=", "a drop-in must empty ExecStart= before it sets it"),
    ("shared libraries", "install the package of that library, or that of nginx anew"),
    (
        r"(?:ch|set[gu]|init).*\(.*\) failed \(22:",
        "PrivateUsers= of the unit, or its container, hides that account",
    ),
    (
        r"(?:set[gu]id|initgroups)\(",
        "the unit or container of nginx must leave it CAP_SETGID, CAP_SETUID and these system calls",
    ),
    (
        r"(?:bind\(\) .*|\.pid\") failed \(13:",
        "root, or CAP_NET_BIND_SERVICE for a low port, may: see User= of the unit; else SELinux",
    ),
    ("no start line", "the file is empty, or holds no certificate and no key: get it anew, or from a backup"),
    ("key values mismatch", "the certificate is of another key: the two files are not of one renewal"),
    ("key too small", "OpenSSL takes no key so small since its upgrade: make a larger one"),
    (
        "bad password read",
        "the key has a passphrase, for which a unit cannot ask: ssl_password_file, or none",
    ),
    (
        r"failed \(21:|not a regular file",
        "as of a directory, where nginx needs a file: move it away, or name a file",
    ),
    (r"failed \(97:", "no IPv6 for nginx: off in the kernel, or by RestrictAddressFamilies= of its unit"),
    (r"failed \(99:", "no interface of this host has the address (ip addr), or none had it yet at that time"),
    (r"mkdir\(.*failed \(2:", "nginx makes the last directory alone: make those above it"),
    (r"chown\(.*failed \(1:", "nginx lacks CAP_CHOWN, or NFS refuses it: set the owner by hand"),
    ("no cipher match", "none is a cipher that this OpenSSL has (TLS 1.3's do not count)"),
    ("invalid number of arg", "too few words, as of an emptied variable, or too many, as without a ;"),
    ("is not allowed here", "it is for another block: a } too many or too few before, or a wrong include"),
    ("is duplicate in", "the same block has it twice, maybe by an include or -g: take one out"),
    (
        r'unexpected (?:end|"})|not terminated',
        "a ; } or quote lacks, or a } is too many; a regex with { wants quotes",
    ),
    ("host not found in", "no address for that name then: if getent ahosts has one now, try again"),
)
_PATH = re.compile(r'"(/[^"]+)"')
# Each directive of nginx's has an ASCII name.
_ODD = re.compile(r'unknown directive "[^"]{0,99}?[^\n -~]')
_INVISIBLE = (
    "an invisible or foreign character, as a blank copied from a web page or a byte order mark: type the "
    "line anew"
)


def _problem(directive: Directive, text: str) -> "ConfigProblem":
    return {"kind": "refused", "file": directive.file, "line": directive.line, "text": text}


def _default_servers(conf: Conf) -> "List[ConfigProblem]":
    """ngx_http_add_addresses(): one for each address."""
    seen: Dict[str, Directive] = {}
    found: List[ConfigProblem] = []
    listens = [each for _http, server in servers(conf) for each in named(server.block or [], "listen")]
    for listen in [each for each in listens if is_default(each.args)]:
        addresses = bound_at(" ".join(listen.args))
        twice = next((address for address in addresses if address in seen), None)
        if twice:
            before = (shown_address(twice), seen[twice].file, seen[twice].line)
            text = "a duplicate default server for %s; the first is in %s:%d" % before
            found.append(_problem(listen, text))
        for address in addresses:
            seen.setdefault(address, listen)
    return found


def _absent(conf: Conf, config: str, prefix: str, is_absent: Callable[[str], bool]) -> "List[ConfigProblem]":
    """Files that are read, and directories in which logs are opened."""
    found: List[ConfigProblem] = []
    home = posixpath.dirname(config)
    for directive in named(every(conf.directives), *_READ, "access_log", "error_log"):
        name = directive.args[0]
        if "$" in name or name.startswith(_NO_FILE):
            continue
        if directive.name in _READ:
            path = posixpath.join(home, name)
            if is_absent(path):
                text = 'cannot load certificate "%s": No such file or directory'
                found.append(_problem(directive, text % path))
            continue
        path = posixpath.join(prefix, name)
        if is_absent(posixpath.dirname(path)):
            text = 'open() "%s" failed (2: No such file or directory)'
            found.append(_problem(directive, text % path))
    return found


def problems(conf: Conf, config: str, prefix: str, is_absent: Callable[[str], bool]) -> "List[ConfigProblem]":
    """Each of them alone keeps nginx from loading the files. config: the main file."""
    return conf.errors[:1] or _default_servers(conf) + _absent(conf, config, prefix, is_absent)


def place_of(text: str, conf: Conf, prefix: str) -> Optional[Tuple[str, int]]:
    """(file, line) of what nginx complains about: by its own word, else by the path that it names."""
    own = _PLACE.search(text)
    if own:
        return own.group(1), int(own.group(2))
    path = path_in(text)
    for directive in every(conf.directives) if path else ():
        if path in [posixpath.join(prefix, word) for word in directive.args]:
            return directive.file, directive.line
    return None


def explained(text: str) -> str:
    """A complaint whose own words do not tell what is wrong (ngx_http_upstream_add(), bind(2))."""
    if _ODD.match(text):
        return "%s: %s" % (text, _INVISIBLE)
    return text + next((": " + why for words, why in _WHY if re.search(words, text)), "")


def path_in(text: str) -> Optional[str]:
    """The file that a complaint is about."""
    match = _PATH.search(text)
    return match.group(1) if match else None
