# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant exchanges a directory of theirs for a link, over and over. Meanwhile root changes what is in it.

None of these changes may arrive elsewhere.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.recovery import recover
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import Transaction
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
)

TRIES = 1000
TENANT = "nobody"
HOME, VICTIM, PLACE = "/home/exchanging", "/etc/exchanged", "/root/exchanging"
EXCHANGE = 2  # renameat2(2)


def _victim():
    """All that a change could leave in root's directory."""
    status = os.lstat(VICTIM)
    names = {}
    for name in sorted(os.listdir(VICTIM)):
        with open(os.path.join(VICTIM, name)) as stream:
            names[name] = stream.read()
    return (
        status.st_mode,
        status.st_mtime_ns,
        [(name, os.getxattr(VICTIM, name)) for name in os.listxattr(VICTIM)],
        names,
    )


@contextlib.contextmanager
def tenant():
    """A directory `conf` and a link to root's directory, which change places all the time. Yields the pid."""
    account = pwd.getpwnam(TENANT)
    for folder in (HOME, VICTIM, PLACE):
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o755)
    os.mkdir(HOME + "/conf")
    os.symlink(VICTIM, HOME + "/link")
    os.symlink(HOME + "/conf/site", PLACE + "/enabled")
    for path in (HOME + "/conf/site", VICTIM + "/site"):
        with open(path, "w") as stream:
            stream.write("old\n")
    for path in (HOME, HOME + "/conf", HOME + "/link", HOME + "/conf/site"):
        os.lchown(path, account.pw_uid, account.pw_gid)
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        renameat2 = ctypes.CDLL(None).renameat2
        while renameat2(-100, (HOME + "/conf").encode(), -100, (HOME + "/link").encode(), EXCHANGE) == 0:
            pass
        os._exit(1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for folder in (HOME, VICTIM, PLACE):
            shutil.rmtree(folder, ignore_errors=True)


def _change(path):
    state = PLACE + "/state"
    try:
        Transaction.begin(
            Step("edit", path, [Change(path, b"old\n", b"new\n", 0o644)], [], []), Host(), Disk(), state
        ).replace()
    finally:
        with contextlib.suppress(UndoFailed, Refusal, OSError):
            recover(Host(), Disk(), state)


def _allow(path):
    command = Command(["setfacl"], [], path, "www-data")
    Transaction.begin(Step("allow", path, [], [], [command]), Host(), Disk(), PLACE + "/state").run(command)


WAYS = (
    ("an edit", lambda: _change(HOME + "/conf/site")),
    ("an edit through a link of root's own", lambda: _change(PLACE + "/enabled")),
    ("a new file", lambda: Disk().write_file(HOME + "/conf/new", b"new\n")),
    ("a rename", lambda: Disk().replace(HOME + "/conf/site", HOME + "/conf/twin")),
    ("an entry of an ACL", lambda: _allow(HOME + "/conf")),
)


def exchanged(tell):
    for what, change in WAYS:
        with tenant() as pid:
            before, arrived, refused = _victim(), 0, 0
            for _time in range(TRIES):
                try:
                    change()
                except Refusal:
                    refused += 1
                except OSError:
                    pass
                arrived += _victim() != before
            alive = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        tell(
            "a directory exchanged for a link during %s: nothing arrives in root's directory in %d tries"
            % (what, TRIES),
            "%d tries arrived" % arrived if arrived else None,
            None if alive else "the tenant gave up",
            None if refused == TRIES else "%d of %d were refused" % (refused, TRIES),
        )
