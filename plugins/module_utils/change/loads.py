# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program would load as code beside its configuration. Root alone must be able to write that, or root
does not run it.
"""

import posixpath
import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..collect.host import Host, HostError, Ran
from ..collect.trust import folders, opening

# Of the dynamic linker, of the C library, of OpenSSL and of PHP: paths of what is loaded.
_NAMES = re.compile(r"(?:LD_\w+|GCONV_PATH|OPENSSL_(?:CONF|ENGINES|MODULES)|PHPRC|PHP_INI_SCAN_DIR)\Z")
_FPM = re.compile(r"fpm[\d.]*\Z")
_NO_PRELOAD = "opcache.preload="
_WITH_VALUE = ("-c", "-d", "--php-ini", "--define")
# phpinfo(); of the last there is one path a line.
_WORDS = (
    "Configuration File (php.ini) Path",
    "Loaded Configuration File",
    "Scan this dir for additional .ini files",
    "Additional .ini files parsed",
)
_LISTED = re.compile(r"^(%s) => (.*(?:\n/.*)*)$" % "|".join(map(re.escape, _WORDS)), re.M)
_EXTENSION = re.compile(
    r"^[ \t]*(?:extension|zend_extension\w*|ffi\.preload)[ \t]*=[ \t]*[\"']?([^\"';\r\n]+)", re.M
)

Ask = Callable[[List[str]], Ran]  # a program's answer, given as an account without rights


def _not_roots(host: Host, paths: Sequence[str]) -> Optional[str]:
    for path in paths:
        for place in [path] + folders(host, path):
            writable = opening(host, place)
            if writable:
                return "%s can write %s" % (writable.who, writable.path)
    return None


def _by_environment(
    host: Host, environment: Dict[str, str], files: Sequence[str], start: str
) -> Optional[str]:
    """An empty word is the directory of the start for the linker, as a relative one is below it."""
    words = [
        word for name in environment if _NAMES.match(name) for word in re.split(r"[:\s]", environment[name])
    ]
    return _not_roots(host, [*files, *(posixpath.join(start, word) for word in words)])


def _options(argv: Sequence[str]) -> List[str]:
    """What of a command line says which php.ini is loaded, and what stands in it."""
    found: List[str] = []
    for number, word in enumerate(argv):
        if word in _WITH_VALUE:
            found += argv[number : number + 2]
        elif word.startswith(("--php-ini=", "--define=")) or re.match(r"-[cd].", word):
            found.append(word)
    return found


def _ini_files(host: Host, listed: Dict[str, str]) -> Tuple[List[str], List[str]]:
    """(directories, files), with those that only root can read."""
    where, main, scanned, parsed = (
        [path.strip() for path in re.split(r",?\s*\n|,\s*$|:", text) if path.strip().startswith("/")]
        for text in (listed.get(name, "") for name in _WORDS)
    )
    own = [posixpath.join(folder, name) for folder in where for name in ("php.ini", "php-fpm-fcgi.ini")]
    more = [path for folder in scanned for path in host.glob(posixpath.join(folder, "*.ini"))]
    return where + scanned, list(dict.fromkeys(main + own + parsed + more))


def _extensions(
    host: Host, files: Sequence[str], options: Sequence[str], folder: str, start: str
) -> List[str]:
    texts = [re.sub(r"^-d|^--define=", "", word) for word in options]
    for path in files:
        try:
            texts.append(host.read(path))
        except HostError as error:
            if not error.absent:
                raise
    found: List[str] = []
    for value in [match.strip() for text in texts for match in _EXTENSION.findall(text)]:
        place = posixpath.join(start if "/" in value else folder, value)
        found += [place, place + ".so"]
    return found


def _by_php(host: Host, argv: Sequence[str], ask: Ask, start: str) -> Optional[str]:
    options = _options(argv)
    ran = ask([argv[0], *options, "-d", _NO_PRELOAD, "-i"])
    listed = dict(_LISTED.findall(ran.out))
    found = re.search(r"^extension_dir => (\S+) =>", ran.out, re.M)
    if len(listed) < len(_WORDS) or not found:
        return "`%s -i` does not tell which php.ini it loads" % argv[0]
    folder = posixpath.join(start, found.group(1))
    user = re.search(r"^opcache\.preload_user => (\S+) =>", ran.out, re.M)
    if user and _NO_PRELOAD not in argv and (host.account(user.group(1)) or (None,))[0] == 0:
        return "opcache.preload_user is %s: what is preloaded would run as root" % user.group(1)
    directories, files = _ini_files(host, listed)
    try:
        extensions = _extensions(host, files, options, folder, start)
    except HostError as error:
        return str(error)
    return _not_roots(host, [*directories, *files, folder, *extensions])


def refusal(
    argv: Sequence[str], environment: Dict[str, str], files: Sequence[str], ask: Ask, start: str = "/"
) -> Optional[str]:
    """Why root does not run it, else None. files: from which its environment is. start: where it begins."""
    host = Host()
    why = _by_environment(host, environment, files, start)
    if why is None and _FPM.search(posixpath.basename(argv[0])) and "-n" not in argv:
        why = _by_php(host, argv, ask, start)
    return "%s, so root does not run %s" % (why, argv[0]) if why else None
