# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of on_host/drive.py for each suite's host, each with a fault of the lab.

part: (divisor, remainder): which of the steps are taken that touch no configuration and run nothing. These
steps are numbered alike for all faults, so the suites share them. few: of the steps that touch configuration,
too, only those are taken that replace, link or run something. once: what is otherwise without --all.
obstacle: bash that puts something in the way once the fault shows. relief: bash that takes it away after the
run. but: beginnings of differences that are allowed. module: prevention, else the remediation.
"""

from typing import Any

Job = dict[str, Any]

# A page whose worker dies answers 502, whatever was mended.
NO_HELP = {"probe_path": "/kill.php", "verify_timeout": 1.5}

# Allows what otherwise only a person decides.
HIGH = {"max_risk": "high"}


def does_not_help(fault: str, **more: Any) -> Job:
    title = "%s: the page keeps failing, all is undone" % fault
    return {
        "task": "rollback",
        "fault": fault,
        "title": title,
        "extra": NO_HELP,
        "results": ["rolled_back"],
        **more,
    }


def left(fault: str, *cases: dict[str, str], **more: Any) -> Job:
    """A later run finds what a killed run left. on_host/left_behind.py has the words of the cases."""
    return {
        "task": "left",
        "fault": fault,
        "title": "%s: a killed run is found later" % fault,
        "cases": list(cases),
        **more,
    }


def case(killed: str | None, then: str, fate: str, hand: str = "") -> dict[str, Any]:
    return {"killed": killed, "then": then, "fate": fate, "hand": hand}


def in_the_way(fault: str, title: str, results: list[str], obstacle: str, relief: str, **more: Any) -> Job:
    return {
        "task": "rollback",
        "fault": fault,
        "title": "%s: %s" % (fault, title),
        "results": results,
        "obstacle": obstacle,
        "relief": relief,
        **more,
    }


STOP = 'systemctl stop "$FPM_UNIT"'
LATER = "five days pass"


def helps_all_the_same(fault: str, **more: Any) -> Job:
    """The page still fails, because of its own code. But php-fpm is reached again, so the change stays."""
    title = "%s: the page keeps failing, and what helped is kept" % fault
    return {
        "task": "rollback",
        "fault": fault,
        "title": title,
        "extra": NO_HELP,
        "results": ["done"],
        "but": ["php", "/run/", "/etc/"],
        **more,
    }


# A drop-in makes a unit refuse once the change is there. Its command tells the new file from the old one.
DROP_IN = """
mkdir -p "/etc/systemd/system/$UNIT.d"
printf '%%s\\n' '[Service]' "$@" >"/etc/systemd/system/$UNIT.d/refuse.conf"
systemctl daemon-reload
"""
NO_DROP_IN = """
rm -f "/etc/systemd/system/$UNIT.d/refuse.conf"
rmdir --ignore-fail-on-non-empty "/etc/systemd/system/$UNIT.d"
systemctl daemon-reload
"""


def refusing(unit: str, *lines: str) -> str:
    words = " ".join('"%s"' % line for line in lines)
    return "UNIT=%s; set -- %s\n%s" % (unit, words, DROP_IN.replace("%%", "%"))


def relieved(unit: str) -> str:
    return "UNIT=%s\n%s" % (unit, NO_DROP_IN)


FULL_STATE = """
mkdir -p -m 0700 /var/lib/webmedic-php-fpm
mount -t tmpfs -o size=16k,mode=0700 tmpfs /var/lib/webmedic-php-fpm
head -c 1M /dev/zero >/var/lib/webmedic-php-fpm/filler 2>/dev/null || true
"""
NO_STATE_MOUNT = "umount /var/lib/webmedic-php-fpm"
FULL_POOLS = """
cp -a "$POOL_DIR" /root/pools
mount -t tmpfs -o size=64k,mode=0755 tmpfs "$POOL_DIR"
cp -a /root/pools/. "$POOL_DIR/"
head -c 1M /dev/zero >"$POOL_DIR/filler" 2>/dev/null || true
"""
NO_POOLS_MOUNT = 'umount "$POOL_DIR"; rm -rf /root/pools'
READ_ONLY = """
mount --bind "$POOL_DIR" "$POOL_DIR"
mount -o remount,bind,ro "$POOL_DIR"
"""
# The pool's settings stand in two files, so a change of them is two renames.
TWO_FILES = 'printf "[www]\\nlisten.mode = 0600\\n" >"$POOL_DIR/zz-www.conf"\nsystemctl restart "$FPM_UNIT"\n'
BAD_POOL = 'printf "[late]\\nlisten = /run/late.sock\\npm.max_childern = 7\\n" >"$POOL_DIR/zz-late.conf"'

# Nobody makes the pool's directory, so it gets an entry in its ACL; what lies there already is kept.
NOT_MADE = """
for file in /usr/lib/tmpfiles.d/php*-fpm.conf; do : >"/etc/tmpfiles.d/$(basename "$file")"; done
setfacl -m "$ACL" "$RUN_DIR"
setfacl -m d:u:games:rwx,d:m::r "$RUN_DIR"
"""
AGAIN_IN_THE_WAY = 'setfacl -b "$RUN_DIR"; chmod 0750 "$RUN_DIR"\nACL=g:adm:rx,u:games:r' + NOT_MADE
MADE_AGAIN = 'rm /etc/tmpfiles.d/php*-fpm.conf; setfacl -b "$RUN_DIR"'


def with_acl(title: str, acl: str, results: list[str], **more: Any) -> Job:
    return in_the_way("parent_directory", title, results, "ACL=%s\n%s" % (acl, NOT_MADE), MADE_AGAIN, **more)


# A host as its packages leave it: a reload of php-fpm cuts requests. What was put back must be loaded, too.
PREVENTS: Job = {
    "module": "prevention",
    "fault": "plain",
    "arguments": {"policy": [{"cause": "restart_at_risk", "reason": "reload_cuts"}]},
    "actions": ["reload_grace_set"],
    "also": 'systemctl restart "$FPM_UNIT"',
}


def prevents(task: str, title: str, **more: Any) -> Job:
    return {**PREVENTS, "task": task, "title": "the prevention: " + title, **more}


JOBS: dict[str, list[Job]] = {
    "trixie": [
        prevents(
            "errors",
            "the disk gets full",
            errors=["ENOSPC+"],
            part=(2, 1),
            once={"part": (0, 0), "few": True},
        ),
        prevents(
            "rollback",
            "php-fpm refuses to reload, all is undone",
            results=["rolled_back"],
            obstacle=refusing(
                "$FPM_UNIT",
                "ExecReload=",
                "ExecReload=/bin/sh -c '! grep -q ^process_control $FPM_CONF && kill -USR2 \\$MAINPID'",
            ),
            relief=relieved("$FPM_UNIT"),
        ),
        {"task": "kill", "fault": "socket_root", "part": (2, 0), "once": {"part": (16, 0)}},
        {
            "task": "errors",
            "fault": "socket_root",
            "errors": ["ENOSPC+"],
            "part": (1, 0),
            "once": {"part": (24, 0)},
        },
        {"task": "looked_at", "fault": "wrong_socket"},
        {"task": "exchanged", "fault": "wrong_socket", "title": "a tenant exchanges a directory for a link"},
        left(
            "stopped",
            case("after its last command", LATER, "kept"),
            case("during its last command", "", "kept"),
            case("before its first command", LATER, "put_back"),
            case("before its books are closed", "power cuts off the journal", "damaged"),
            case("after its last command", "", "put_back", STOP),
        ),
        helps_all_the_same("socket_root"),
        helps_all_the_same("parent_directory"),
        does_not_help("too_many_workers"),
        in_the_way(
            "socket_root",
            "the disk of the state is full",
            ["refused", "rolled_back"],
            FULL_STATE,
            NO_STATE_MOUNT,
        ),
        in_the_way(
            "socket_root",
            "the disk of the pool file is full",
            ["refused", "rolled_back"],
            FULL_POOLS,
            NO_POOLS_MOUNT,
        ),
        in_the_way(
            "socket_root",
            "the pool's directory is read-only",
            ["refused", "rolled_back"],
            READ_ONLY,
            'umount "$POOL_DIR"',
        ),
        in_the_way(
            "socket_root",
            "php-fpm -t refuses for another reason",
            ["refused"],
            BAD_POOL,
            'rm "$POOL_DIR/zz-late.conf"',
        ),
    ],
    "bookworm": [
        prevents("kill", "it is killed where it changes something", part=(0, 0), few=True),
        {"task": "kill", "fault": "wrong_socket", "part": (2, 1), "once": {"part": (4, 1), "few": True}},
        {
            "task": "errors",
            "fault": "wrong_socket",
            "errors": ["EROFS+"],
            "part": (4, 1),
            "once": {"part": (16, 1), "few": True},
        },
        left(
            "parent_directory",
            case("before its books are closed", "the clock is set back", "kept"),
            case("after its last command", LATER, "left", STOP),
            also=AGAIN_IN_THE_WAY,
        ),
        does_not_help("wrong_socket"),
        with_acl(
            "an entry more in an ACL",
            "g:adm:rx,u:games:r",
            ["done"],
            but=["/run/php: mode", "/run/php: xattrs"],
        ),
        with_acl("a mask that keeps a group out", "g:adm:rwx,m::---", ["refused"]),
        helps_all_the_same("exhausted_static"),
        helps_all_the_same("exhausted_process_max"),
        in_the_way(
            "wrong_socket",
            "nginx refuses to reload with the change",
            ["rolled_back"],
            refusing(
                "nginx.service",
                "ExecReload=",
                "ExecReload=/bin/sh -c 'grep -q php.sock $SITE_FILE && nginx -s reload'",
            ),
            relieved("nginx.service"),
        ),
    ],
    "el": [
        {
            "task": "kill",
            "fault": "runtime_dir_missing",
            "part": (4, 1),
            "once": {"part": (0, 0), "few": True},
        },
        {
            "task": "errors",
            "fault": "runtime_dir_missing",
            "errors": ["EACCES"],
            "part": (4, 2),
            "once": {"part": (16, 2), "few": True},
        },
        {"task": "kill_twice", "fault": "wrong_socket", "part": (2, 0), "once": {"part": (8, 0)}},
        left(
            "runtime_dir_missing",
            case("after its last command", "the host is booted", "kept"),
            case("before its first command", LATER, "left"),
            case("before its first command", "", "put_back"),
        ),
        left("wrong_socket", case("during its last command", "", "kept")),
        helps_all_the_same("runtime_dir_missing"),
        helps_all_the_same("acl_without_nginx"),
        in_the_way(
            "runtime_dir_missing",
            "php-fpm refuses to start",
            ["rolled_back"],
            refusing("$FPM_UNIT", "ExecStartPre=/bin/false"),
            relieved("$FPM_UNIT"),
        ),
    ],
    "bullseye": [
        {"task": "kill", "fault": "wrong_socket", "part": (0, 0), "few": True},
        does_not_help("slow_for_minutes", arguments=HIGH),
        left(
            "wrong_socket",
            case("before its first command", "", "put_back"),
            case("before its first command", LATER, "kept", "nginx -s reload; sleep 1"),
            case("during its last command", LATER, "kept"),
        ),
        left("socket_root", case("between two renames", LATER, "put_back"), also=TWO_FILES),
        helps_all_the_same("stopped"),
        helps_all_the_same("start_limit_hit"),
        helps_all_the_same("stopped_disabled", arguments=HIGH, actions=["unit_start", "unit_enable"]),
        helps_all_the_same("socket_deleted"),
        helps_all_the_same("config_not_loaded"),
        in_the_way(
            "stopped",
            "php-fpm refuses to start",
            ["rolled_back"],
            refusing("$FPM_UNIT", "ExecStartPre=/bin/false"),
            relieved("$FPM_UNIT"),
        ),
    ],
}
