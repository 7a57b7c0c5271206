# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of what a restart would bring, and how one is written."""

from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Sequence, Tuple

from ..rules.model import SEVERITIES, Confidence, Severity

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.restart import RestartProblem
    from ...plugin_utils.shapes.unit import Unit

NGINX, FPM = "nginx", "php-fpm"
RESTART, RELOAD, BOOT = "restart", "reload", "boot"
ALWAYS = (RESTART, RELOAD, BOOT)
CRITICAL, WARNING, INFO = SEVERITIES


class Kind(NamedTuple):
    severity: Severity  # where a site depends on it
    at: Tuple[str, ...]
    fix: str  # %(unit)s, %(file)s, %(program)s
    by_hand: str = ""  # the same where no unit is known


KINDS: Dict[str, Kind] = {
    "config_refused": Kind(
        CRITICAL, ALWAYS, "Mend %(file)s and run this again, before anything is reloaded."
    ),
    "start_refused": Kind(
        CRITICAL, (RESTART, BOOT), "Look at `systemctl cat %(unit)s`, and mend what is named."
    ),
    "start_fails": Kind(CRITICAL, (RESTART, BOOT), "Mend what is named, and run this again."),
    "address_taken": Kind(CRITICAL, (RESTART, BOOT), "Give nginx another address, or stop who has this one."),
    "no_listener": Kind(
        CRITICAL, (RESTART, BOOT), "Make fastcgi_pass and the pool's listen name one endpoint."
    ),
    "socket_denied": Kind(
        CRITICAL,
        (RESTART, BOOT),
        "Set listen.owner, listen.group and listen.mode so that nginx's user may write.",
    ),
    "program_missing": Kind(
        CRITICAL, ALWAYS, "Install it again, or lead the sites to a php-fpm that is installed."
    ),
    "program_replaced": Kind(
        INFO, (RESTART,), "Restart %(unit)s at a quiet time.", "Restart %(program)s at a quiet time."
    ),
    "unit_disabled": Kind(CRITICAL, (BOOT,), "Run `systemctl enable %(unit)s`."),
    "unit_masked": Kind(CRITICAL, (RESTART, BOOT), "Run `systemctl unmask %(unit)s`, if a restart is meant."),
    "unit_missing": Kind(CRITICAL, (BOOT,), "", "Start %(program)s by its unit, and enable that."),
    "unit_changed": Kind(INFO, (RESTART, BOOT), "Run `systemctl daemon-reload`, then this again."),
    "socket_directory_lost": Kind(
        CRITICAL, (BOOT,), "Add RuntimeDirectory= to %(unit)s, or a line in /etc/tmpfiles.d."
    ),
    "config_not_loaded": Kind(
        INFO,
        (RESTART, RELOAD),
        "Reload %(unit)s, if the change is meant.",
        "Reload it, if the change is meant.",
    ),
}


class Service(NamedTuple):
    """nginx or a php-fpm master, with what starts it."""

    program: str
    config: str
    binary: Optional[str]
    pid: Optional[int]  # of the master; None: it does not run
    unit: Optional[str]
    state: "Optional[Unit]"
    sites: Sequence[str]  # that depend on it
    master: "Optional[Master]" = None  # of php-fpm

    @property
    def name(self) -> str:
        if self.unit:
            return self.unit
        return NGINX if self.program == NGINX else "php-fpm with %s" % self.config


def problem(
    kind: str,
    service: Service,
    summary: str,
    severity: Optional[Severity] = None,
    confidence: Confidence = "certain",
    already: Optional[bool] = False,
    at: Sequence[str] = (),
    file: Optional[str] = None,
    line: Optional[int] = None,
    pool: Optional[str] = None,
    endpoint: Optional[str] = None,
    sites: Optional[Sequence[str]] = None,
    files: Sequence[str] = (),
    fix: Optional[str] = None,
) -> "RestartProblem":
    """severity, at, fix: where they are not the kind's. sites: where they are not all of the service's."""
    row = KINDS[kind]
    suffer = list(service.sites if sites is None else sites)
    worst = severity or row.severity
    if worst == CRITICAL and not suffer:
        worst = WARNING
    words = row.fix if service.unit or not row.by_hand else row.by_hand
    names = {
        "unit": service.unit or service.program,
        "file": file or service.config,
        "program": service.program,
    }
    return {
        "kind": kind,
        "at": list(at or row.at),
        "severity": worst,
        "confidence": confidence,
        "already": already,
        "program": service.program,
        "unit": service.unit,
        "config": service.config,
        "file": file,
        "line": line,
        "pool": pool,
        "endpoint": endpoint,
        "sites": suffer,
        "files": list(files),
        "summary": summary,
        "fix": words % names if fix is None else fix,
    }
