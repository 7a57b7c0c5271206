# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program would load as code beside its configuration. Root alone must be able to write that, or root
does not run it.
"""

import posixpath
import re
from typing import Callable, Dict, List, Optional, Sequence

from ..collect.host import Host, HostError, Ran
from ..collect.trust import folders, opening
from ..parse.php_fpm.php_info import IniFiles, ini_files_of

# Of the dynamic linker, of the C library, of OpenSSL and of PHP: paths of what is loaded.
_NAMES = re.compile(r"(?:LD_\w+|GCONV_PATH|OPENSSL_(?:CONF|ENGINES|MODULES)|PHPRC|PHP_INI_SCAN_DIR)\Z")
_FPM = re.compile(r"fpm[\d.]*\Z")
_NO_PRELOAD = "opcache.preload="
_WITH_VALUE = ("-c", "-d", "--php-ini", "--define")
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


def _every_file(host: Host, ini: IniFiles) -> List[str]:
    """With those that only root can read."""
    own = [posixpath.join(folder, name) for folder in ini.where for name in ("php.ini", "php-fpm-fcgi.ini")]
    more = [path for folder in ini.scanned for path in host.glob(posixpath.join(folder, "*.ini"))]
    return list(dict.fromkeys(ini.main + own + ini.parsed + more))


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
    ini = ini_files_of(ran.out)
    found = re.search(r"^extension_dir => (\S+) =>", ran.out, re.M)
    if ini is None or not found:
        return "`%s -i` does not tell which php.ini it loads" % argv[0]
    folder = posixpath.join(start, found.group(1))
    user = re.search(r"^opcache\.preload_user => (\S+) =>", ran.out, re.M)
    account = host.account(user.group(1)) if user and _NO_PRELOAD not in argv else None
    if user and account and account.uid == 0:
        return "opcache.preload_user is %s: what is preloaded would run as root" % user.group(1)
    files = _every_file(host, ini)
    try:
        extensions = _extensions(host, files, options, folder, start)
    except HostError as error:
        return str(error)
    return _not_roots(host, [*ini.where, *ini.scanned, *files, folder, *extensions])


def refusal(
    argv: Sequence[str], environment: Dict[str, str], files: Sequence[str], ask: Ask, start: str = "/"
) -> Optional[str]:
    """Why root does not run it, else None. files: from which its environment is. start: where it begins."""
    host = Host()
    why = _by_environment(host, environment, files, start)
    if why is None and _FPM.search(posixpath.basename(argv[0])) and "-n" not in argv:
        why = _by_php(host, argv, ask, start)
    return "%s, so root does not run %s" % (why, argv[0]) if why else None
