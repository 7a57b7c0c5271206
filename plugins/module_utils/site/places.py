# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of a site go, as the host's nginx and php-fpm have it."""

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..parse.endpoint import parse
from ..work.step import Refusal

if TYPE_CHECKING:
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Master, Pool

# The directories that packages of nginx include for sites, as they end. The first that is there counts:
# Debian has both sites-enabled and conf.d.
SITE_FOLDERS = ("/sites-enabled", "/http.d", "/vhosts.d", "/conf.d")
# Their packages let nginx in by an ACL.
ACL_LAYOUTS = ("el", "remi", "scl")
MOST_WAITING = 511  # php-fpm's own choice (sapi/fpm/fpm/fpm_sockets.h)
LOGS = "/var/log/"
HTTP2_DIRECTIVE = (1, 25, 1)
Version = Tuple[int, ...]


class Wanted(NamedTuple):
    """What a person asks for."""

    name: str
    user: str
    shared_user: bool
    php_version: str  # "": that of the site, or the newest
    vhost_dir: str  # "": the one that nginx includes


def numbers(version: Optional[str]) -> Version:
    """ "1.22.1" as numbers; () of none."""
    match = re.match(r"\d+(?:\.\d+)*", version or "")
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def included(patterns: Sequence[str], file_name: str) -> List[str]:
    """The directories in which a file of that name would be read."""
    return [
        posixpath.dirname(pattern)
        for pattern in patterns
        if fnmatchcase(file_name, posixpath.basename(pattern))
        and not re.search(r"[*?\[]", posixpath.dirname(pattern))
    ]


def vhost_path(nginx: "Nginx", patterns: Sequence[str], wanted: Wanted, written: Sequence[str]) -> str:
    """written: files of nginx that are the site's already."""
    name = wanted.name + ".conf"
    folders = included(patterns, name)
    if wanted.vhost_dir:
        if wanted.vhost_dir.rstrip("/") not in folders:
            raise Refusal("%s includes no %s in %s" % (nginx["config"], name, wanted.vhost_dir))
        return posixpath.join(wanted.vhost_dir, name)
    if written:
        return written[0]
    for end in SITE_FOLDERS:
        for folder in folders:
            if folder.endswith(end):
                return posixpath.join(folder, name)
    raise Refusal(
        "%s includes no directory of sites, such as conf.d/*.conf: name one that it includes"
        % nginx["config"]
    )


def master_for(
    masters: "Sequence[Master]", wanted: Wanted, versions: Mapping[str, Version], has_site: Sequence[str]
) -> "Master":
    """versions: by configuration, as the programs say. has_site: configurations with the site's pool."""
    able = [master for master in masters if master["unit"] and master["binary"] and not master.get("account")]

    def version_of(master: "Master") -> Version:
        return numbers(master["version"]) or versions.get(master["config"], ())

    if wanted.php_version:
        fitting = [each for each in able if version_of(each)[:2] == numbers(wanted.php_version)]
    else:
        fitting = [each for each in able if each["config"] in has_site] or able
    if fitting:
        return max(fitting, key=version_of)
    known = ["%s (%s)" % (".".join(map(str, version_of(each))) or "?", each["config"]) for each in able]
    raise Refusal(
        "no php-fpm%s that systemd starts is installed here; installed: %s"
        % (" " + wanted.php_version if wanted.php_version else "", ", ".join(known) or "none")
    )


def pool_path(master: "Master", patterns: Sequence[str], name: str) -> str:
    folders = included(patterns, name + ".conf")
    if not folders:
        raise Refusal("%s includes no directory of pools" % master["config"])
    return posixpath.join(folders[0], name + ".conf")


def http2_for_all(others: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Whether no other server would get an HTTP/2 that it does not have. others: the words of each listen, by
    server.
    """
    with_tls = [words for listens in others for words in listens if "ssl" in words[1:]]
    return all("http2" in words for words in with_tls)


def log_folder(nginx: "Nginx") -> str:
    """Where nginx's logs are rotated. A build may log to stderr by default, or into its own directory."""
    known = [posixpath.dirname(path) for path in nginx["error_logs"] if path.startswith(LOGS)]
    return next((folder for folder in known if folder != LOGS.rstrip("/")), LOGS + "nginx")


def run_folder(master: "Master") -> str:
    """The directory where each start makes sockets: that of the pid file, or of another pool."""
    places = [master["pid_file"]]
    places += [parse(pool["endpoint"]).path for pool in master["pools"] if pool["endpoint"]]
    for path in places:
        if (
            path
            and path.startswith(("/run/", "/var/"))
            and posixpath.dirname(path) not in ("/run", "/var/run")
        ):
            return posixpath.dirname(path)
    raise Refusal(
        "%s names no directory for sockets: neither a pid file nor a pool has one" % master["config"]
    )


def sockets(master: "Master", name: str, has_status: bool) -> Tuple[str, Optional[str]]:
    """(the pool's, that of its status page). Two versions of PHP may share the directory: theirs differ.

    No name of a site has a dot, so no other site's socket is called like either.
    """
    version = master["version"]
    stem = posixpath.join(run_folder(master), "php%s-%s" % (version, name) if version else name)
    return stem + ".sock", stem + ".status.sock" if has_status else None


def by_acl(master: "Master", name: str) -> bool:
    own = [pool for pool in master["pools"] if pool["name"] == name]
    if own or master["pools"]:
        return any(pool["acl_users"] for pool in own or master["pools"])
    return master["layout"] in ACL_LAYOUTS


def user_refusal(
    nginx: "Nginx", masters: "Sequence[Master]", wanted: Wanted, uid: Optional[int]
) -> Optional[str]:
    """Why the account must not run this site's PHP."""
    if uid == 0 or wanted.user == "root":
        return "PHP must not run as root"
    if wanted.shared_user:
        return None
    if wanted.user == nginx["user"]:
        return "%s is nginx's own account, which may open the sockets of all sites" % wanted.user
    other = _other_pool(masters, wanted)
    if other:
        return "%s runs pool %s already (%s), and each site could read the other's files" % (
            wanted.user,
            other["name"],
            other["file"],
        )
    return None


def _other_pool(masters: "Sequence[Master]", wanted: Wanted) -> "Optional[Pool]":
    pools = [pool for master in masters for pool in master["pools"]]
    return next((each for each in pools if each["user"] == wanted.user and each["name"] != wanted.name), None)
