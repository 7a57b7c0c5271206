# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is like: its configuration, byte for byte, its sockets and its units; and the way back to a
state seen before.

Compared are, of each path in /etc: presence, kind, content, owner, group, mode, time of change and all
extended attributes, of directories too. Of each path in /run/php*: presence, kind, owner, group, mode and
ACL; a restart makes sockets anew. Of nginx's and PHP-FPM's unit: whether it is active and enabled, and
whether systemd has read it. A unit that failed counts as one that does not run.
"""

import glob
import os
import shutil
import stat
import subprocess

TREES = ("/etc/nginx", "/etc/php*", "/etc/systemd/system", "/etc/tmpfiles.d")


def _walk(top):
    yield top
    for folder, directories, files in os.walk(top):
        for name in directories + files:
            yield os.path.join(folder, name)


def _entry(path):
    found = os.lstat(path)
    kind = stat.S_IFMT(found.st_mode)
    content = None
    if stat.S_ISLNK(kind):
        content = os.readlink(path)
    elif stat.S_ISREG(kind) and not path.endswith(".pid"):
        with open(path, "rb") as stream:
            content = stream.read()
    xattrs = {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in os.listxattr(path, follow_symlinks=False)
    }
    entry = {
        "kind": kind,
        "mode": "%o" % stat.S_IMODE(found.st_mode),
        "owner": "%d:%d" % (found.st_uid, found.st_gid),
        "content": content,
        "xattrs": xattrs,
    }
    if path.startswith("/etc/"):
        entry["mtime"] = found.st_mtime_ns
    return entry


def look(*tops):
    found = {}
    for pattern in tops:
        for top in glob.glob(pattern):
            for path in _walk(top):
                try:
                    found[path] = _entry(path)
                except FileNotFoundError:
                    continue
    return found


def units(*names):
    found = {}
    for name in names:
        out = subprocess.run(
            ["systemctl", "show", "-p", "ActiveState,UnitFileState,NeedDaemonReload", name],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        found[name] = out.decode().replace("=failed", "=inactive").split()
    return found


def everything(*names):
    return {"files": look("/etc", "/run/php*"), "units": units(*names)}


def _brief(value):
    return value if not isinstance(value, bytes) or len(value) < 60 else value[:25] + b"..." + value[-25:]


def differences(before, after):
    """Where two states differ, one text each."""
    found = [
        "%s was %s, is %s" % (name, value, after["units"][name])
        for name, value in before["units"].items()
        if after["units"][name] != value
    ]
    one, other = before["files"], after["files"]
    found += ["%s is gone" % path for path in sorted(set(one) - set(other))] + [
        "%s is new" % path for path in sorted(set(other) - set(one))
    ]
    for path in sorted(set(one) & set(other)):
        found += [
            "%s: %s was %r, is %r" % (path, key, _brief(value), _brief(other[path][key]))
            for key, value in one[path].items()
            if other[path][key] != value
        ]
    return found


def restore(wanted):
    """The trees as look(*TREES) saw them. Returns whether systemd has to read its own again."""
    now = look(*TREES)
    stale = any(
        now.get(path) != wanted.get(path)
        for path in set(now) | set(wanted)
        if path.startswith("/etc/systemd/")
    )
    for path in sorted(set(now) - set(wanted), reverse=True):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
    for path, entry in sorted(wanted.items()):
        if now.get(path) == entry:
            continue
        uid, gid = map(int, entry["owner"].split(":"))
        if stat.S_ISDIR(entry["kind"]):
            os.makedirs(path, exist_ok=True)
        elif os.path.lexists(path):
            os.unlink(path)
        if stat.S_ISLNK(entry["kind"]):
            os.symlink(entry["content"], path)
            os.lchown(path, uid, gid)
            continue
        if stat.S_ISREG(entry["kind"]):
            with open(path, "wb") as stream:
                stream.write(entry["content"])
        os.chown(path, uid, gid)
        os.chmod(path, int(entry["mode"], 8))
        for name, value in entry["xattrs"].items():
            os.setxattr(path, name, value)
    for path, entry in sorted(wanted.items(), reverse=True):
        # A file whose times are set again has changed (ctime), and would pass for one that nobody has loaded.
        if not stat.S_ISLNK(entry["kind"]) and os.stat(path).st_mtime_ns != entry["mtime"]:
            os.utime(path, ns=(entry["mtime"], entry["mtime"]))
    return stale
