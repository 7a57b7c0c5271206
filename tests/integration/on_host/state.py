# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host: its configuration byte by byte, its sockets and its units. An earlier state can be
restored.

Compared are:

* of each path in /etc, directories too: presence, kind, content, owner, group, mode, time of change and all
  extended attributes;
* of each path in /run/php*: presence, kind, owner, group, mode and ACL, because a restart makes sockets anew;
* of nginx's and PHP-FPM's unit: whether it is active and enabled, and whether systemd has read it. A unit
  that failed counts as one that does not run.
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
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
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
        "mode": "%o" % stat.S_IMODE(status.st_mode),
        "owner": "%d:%d" % (status.st_uid, status.st_gid),
        "content": content,
        "xattrs": xattrs,
    }
    if path.startswith("/etc/"):
        entry["mtime"] = status.st_mtime_ns
    return entry


def look(*tops):
    """Path -> entry of all that lies below these globs."""
    entries = {}
    for pattern in tops:
        for top in glob.glob(pattern):
            for path in _walk(top):
                try:
                    entries[path] = _entry(path)
                except FileNotFoundError:
                    continue
    return entries


def units(*names):
    states = {}
    for name in names:
        out = subprocess.run(
            ["systemctl", "show", "-p", "ActiveState,UnitFileState,NeedDaemonReload", name],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        states[name] = out.decode().replace("=failed", "=inactive").split()
    return states


def everything(*names):
    return {"files": look("/etc", "/run/php*"), "units": units(*names)}


def _brief(value):
    return value if not isinstance(value, bytes) or len(value) < 60 else value[:25] + b"..." + value[-25:]


def differences(before, after):
    """Where two states differ, a text for each place."""
    texts = [
        "%s was %s, is %s" % (name, value, after["units"][name])
        for name, value in before["units"].items()
        if after["units"][name] != value
    ]
    old, new = before["files"], after["files"]
    texts += ["%s is gone" % path for path in sorted(set(old) - set(new))]
    texts += ["%s is new" % path for path in sorted(set(new) - set(old))]
    for path in sorted(set(old) & set(new)):
        texts += [
            "%s: %s was %r, is %r" % (path, key, _brief(value), _brief(new[path][key]))
            for key, value in old[path].items()
            if new[path][key] != value
        ]
    return texts


def restore(wanted):
    """Make the trees as look(*TREES) saw them. Returns whether systemd has to read its units again."""
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
        # Setting the times changes ctime, and the file would pass for one that no daemon has loaded.
        if not stat.S_ISLNK(entry["kind"]) and os.stat(path).st_mtime_ns != entry["mtime"]:
            os.utime(path, ns=(entry["mtime"], entry["mtime"]))
    return stale
