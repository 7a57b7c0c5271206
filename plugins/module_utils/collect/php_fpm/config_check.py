# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`php-fpm -t` without a trace: in a sandbox, from a pipe, with its logs overridden (docs/looking.md)."""

import os
from typing import TYPE_CHECKING, List, Optional

from ...parse.php_fpm.conf import FpmConf
from ...parse.php_fpm.problems import failure_of_test, start_failure
from ...parse.redact import redact
from ..host import Host, Ran
from ..sandbox import Sandbox
from ..trust import opening
from .files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import ConfigTest

PIPE_HOLDS = 60000  # bytes that a pipe takes without a reader, from Linux 2.6.11 on
MOST_LINES = 10


def overridden(text: str, conf: FpmConf) -> str:
    """The main file with all logs sent to /dev/null."""
    lines = [text, "", "[global]", "error_log = /dev/null"]
    for pool in conf.pools:
        lines.append("[%s]" % pool.name)
        lines += ["%s = /dev/null" % key for key in ("access.log", "slowlog") if pool.text(key)]
    return "\n".join(lines) + "\n"


def run_on_pipe(argv: List[str], text: str) -> Ran:
    """argv with the path of a pipe that holds text, {config} in the output."""
    reader, writer = os.pipe()
    path = "/dev/fd/%d" % reader
    try:
        os.set_blocking(writer, False)
        raw = text.encode("utf-8", "replace")
        if os.write(writer, raw) < len(raw):
            why = "a pipe of this host does not hold the %d bytes of the configuration" % len(raw)
            return Ran(None, "", why)
        os.close(writer)
        writer = -1
        ran = Sandbox().run(argv + [path], 10.0, [reader])
    except OSError as error:
        return Ran(None, "", "%s: %s" % (argv[0], error.strerror))
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    return ran._replace(out=(ran.out + ran.err).replace(path, "{config}"))


def _test_refusal(host: Host, binary: Optional[str], reading: Reading) -> Optional[str]:
    """Why php-fpm -t cannot run, else None."""
    if not binary:
        return "no php-fpm program was found for it"
    if not host.is_root():
        return "only root can test a configuration as php-fpm will load it"
    if reading.account is not None:
        return "it is not root's"
    writable = reading.writable or opening(host, binary)
    if writable:
        return "%s can write %s, so root does not run php-fpm with it" % (writable.who, writable.path)
    if reading.text is None or not reading.whole:
        return "the configuration cannot be read whole"
    if reading.conf.variables:
        return "it uses ${...}, which only php-fpm's own environment can fill in"
    if len(reading.text) > PIPE_HOLDS:
        return "the main file is larger than %d bytes" % PIPE_HOLDS
    return None


def config_test(
    host: Host, binary: Optional[str], reading: Reading, prefix: Optional[str] = None
) -> "ConfigTest":
    """binary: of the same version, since directives differ. prefix: of php-fpm's -p."""
    why = _test_refusal(host, binary, reading)
    if why or not binary:
        return {"ran": False, "why": why}
    options = ["-p", prefix] if prefix else []
    ran = run_on_pipe([binary, "-n"] + options + ["-t", "-y"], overridden(reading.text or "", reading.conf))
    if ran.rc is None:
        return {"ran": False, "why": ran.err}
    lines = [line.replace("{config}", reading.config).strip() for line in ran.out.splitlines()]
    failure = start_failure(lines)
    user = failure.unknown_user if failure else None
    if user and host.account(user):
        why = "without a network php-fpm does not find the account " + redact(user, 100)
        return {"ran": False, "why": why}
    output = [redact(line) for line in lines if line]
    last, failed = output[-MOST_LINES:], failure_of_test(output)
    return {"ran": True, "ok": ran.rc == 0, "rc": ran.rc, "output": last, "failure": failed}
