# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a systemd unit may be shown. A setting that is known to take no secret is shown with its value. Of
a command the program is shown, and the options that a diagnosis needs. All else is shown by its name.
"""

import re
from typing import List, Tuple

from ..parse.redact import GONE
from .shown import harmless, names

_SHOWN = names("""
    After Before Requires Requisite Wants WantedBy RequiredBy BindsTo PartOf Conflicts OnFailure Upholds
    PropagatesReloadTo ReloadPropagatedFrom JoinsNamespaceOf RequiresMountsFor DefaultDependencies
    StartLimitIntervalSec StartLimitBurst StartLimitAction RefuseManualStart RefuseManualStop Alias Also
    ConditionPathExists ConditionPathIsDirectory ConditionFileNotEmpty AssertPathExists Type PIDFile
    GuessMainPID RemainAfterExit Restart RestartSec RestartPreventExitStatus SuccessExitStatus OOMPolicy
    OOMScoreAdjust User Group SupplementaryGroups DynamicUser UMask KillMode KillSignal SendSIGKILL
    FinalKillSignal TimeoutSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec RuntimeMaxSec WatchdogSec
    NotifyAccess RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve StateDirectory
    LogsDirectory CacheDirectory ConfigurationDirectory WorkingDirectory RootDirectory Nice CPUWeight
    CPUQuota CPUAccounting CPUAffinity IOWeight Slice Delegate MemoryMax MemoryHigh MemoryLow MemoryMin
    MemorySwapMax MemoryLimit MemoryAccounting TasksMax TasksAccounting LimitNOFILE LimitNPROC LimitCORE
    LimitAS LimitDATA LimitSTACK LimitMEMLOCK ManagedOOMSwap ManagedOOMMemoryPressure
    ManagedOOMMemoryPressureLimit ManagedOOMPreference PrivateTmp PrivateDevices PrivateNetwork
    PrivateUsers PrivateMounts ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules
    ProtectKernelLogs ProtectControlGroups ProtectClock ProtectHostname ProtectProc ProcSubset
    ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths BindPaths BindReadOnlyPaths
    TemporaryFileSystem NoNewPrivileges RestrictAddressFamilies RestrictNamespaces RestrictRealtime
    RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute SystemCallFilter SystemCallArchitectures
    SystemCallErrorNumber CapabilityBoundingSet AmbientCapabilities IPAddressAllow IPAddressDeny
    AppArmorProfile SELinuxContext EnvironmentFile UnsetEnvironment StandardOutput StandardError
    SyslogIdentifier LogRateLimitIntervalSec LogRateLimitBurst
    """)
_COMMANDS = names("ExecStart ExecStartPre ExecStartPost ExecReload ExecStop ExecStopPost ExecCondition")
# A setting is emptied, or a value is a switch, whatever it is.
_SWITCHES = names("yes no true false on off 0 1")
# Programs of a command, with the prefixes of systemd.service(5), and the options of nginx and php-fpm that
# take no secret. -g of nginx and -d of php-fpm may hold one.
_PROGRAM = re.compile(r"[@:+!-]{0,3}/[\w./@+-]{1,200}\Z", re.ASCII)
_OPTION = re.compile(
    r"(?:-[tTqFDRnOc]|--(?:nodaemonize|daemonize|allow-to-run-as-root|force-stderr|test|quit|stop|reload)"
    r"|-s|reload|quit|stop|reopen|\$MAINPID|-(?:HUP|USR1|USR2|QUIT|TERM|WINCH)|[+-]USR2"
    r"|--(?:fpm-config|pid|prefix|php-ini)=/[\w./@+-]{1,200})\Z",
    re.ASCII,
)
# Options whose value, a path, is the next word.
_WITH_PATH = names("-c -y -p -e --fpm-config --pid --prefix --php-ini --pidfile")
_PATH = re.compile(r"/[\w./@+-]{1,200}\Z", re.ASCII)
_KEY = re.compile(r"[A-Z][A-Za-z]{1,60}\Z")
_SECTION = re.compile(r"\[[A-Z][A-Za-z]{1,20}\]\Z")


def _command(value: str) -> str:
    words = value.split()
    kept = [words[0] if _PROGRAM.match(words[0]) else GONE]
    for before, word in zip(words, words[1:]):
        known = word in _WITH_PATH or _OPTION.match(word) or (before in _WITH_PATH and _PATH.match(word))
        kept.append(word if known and harmless(word) else GONE)
    return " ".join(word for word, last in zip(kept, [""] + kept) if word != GONE or last != GONE)


def setting(key: str, value: str) -> str:
    if not value or value.lower() in _SWITCHES:
        return value
    if key in _COMMANDS:
        return _command(value)
    return value if key in _SHOWN and value.isprintable() and harmless(value) else GONE


def logical(text: str) -> List[Tuple[int, str]]:
    """(number of lines, what stands there) of each line with those that continue it, as systemd reads them:
    comments between them do not end it.
    """
    lines: List[Tuple[int, str]] = []
    parts: List[str] = []
    count = 0
    for line in text.split("\n"):
        count += 1
        body = line.strip()
        comment = body[:1] in ("#", ";")
        if parts and comment:
            continue
        more = body.endswith("\\") and not comment
        parts.append(body[:-1] if more else body)
        if not more:
            lines.append((count, " ".join(parts).strip()))
            parts, count = [], 0
    return lines + ([(count, " ".join(parts).strip())] if parts else [])


def _line(body: str) -> str:
    if not body or body[0] in "#;":
        return ""
    if _SECTION.match(body):
        return body
    key, equals, value = (part.strip() for part in body.partition("="))
    if not equals or not _KEY.match(key):
        return GONE
    return "%s=%s" % (key, setting(key, value))


def shown(text: str) -> str:
    """The whole file. Comments become empty lines, so each line keeps its number."""
    return "\n".join(_line(body) + "\n" * (count - 1) for count, body in logical(text))
