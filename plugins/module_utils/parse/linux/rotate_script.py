# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a shell script of logrotate's does to nginx and to php-fpm. It is read, and never run.

Signals: https://nginx.org/en/docs/control.html, and fpm_signals_init_main() of php-fpm, which does not catch
SIGHUP: that ends its master.
"""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ..titles import NGINX_NAME
from .logrotate import Line

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Master

NGINX, FPM = "nginx", "php-fpm"
MOST_COMMANDS = 500
LONGEST = 2000  # characters of a line
DEEPEST = 2  # scripts that scripts run
_SPLIT = re.compile(r"(?:;|&&|\|\||\||(?<![>&\d])&(?![>&\d]))")
_LEADING = re.compile(
    r"\A(?:(?:if|then|elif|else|do|while|until|!|\{|\(|sudo|exec|command|nohup|xargs|env|time|nice)(?:\s+-\S+)*\s+"
    r"|\w+=[^\s$`(]*\s+)+"
)
_CHILD = re.compile(r"""(?:ba|da|)sh\b.*?\s-\w*c\s+(["'])(?P<text>.*)\1|su\b.*?\s-c\s+(["'])(?P<su>.*)\3""")
_SIGNAL = re.compile(
    r"\s-(?:s\s*|n\s*|-signal[= ]\s*)?(?:SIG)?"
    r"(HUP|USR1|USR2|TERM|QUIT|INT|KILL|WINCH|CONT|0|1|2|3|9|10|12|15|18|28)\b"
)
_NUMBERS = {"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "10": "USR1", "12": "USR2", "15": "TERM"}
_OF_SIGNAL = {
    NGINX: {
        "USR1": "reopen",
        "HUP": "reload",
        **dict.fromkeys(("TERM", "INT", "QUIT", "KILL"), "stop"),
    },
    FPM: {
        "USR1": "reopen",
        "USR2": "reload",
        **dict.fromkeys(("HUP", "TERM", "INT", "QUIT", "KILL"), "stop"),
    },
}
_OF_VERB = {
    **dict.fromkeys(("reload", "force-reload", "reload-or-restart", "try-reload-or-restart"), "reload"),
    **dict.fromkeys(("restart", "try-restart", "condrestart", "condreload"), "restart"),
    **dict.fromkeys(("rotate", "reopen", "reopen-logs", "reopenlogs", "logrotate"), "reopen"),
    "stop": "stop",
}
_MANAGERS = ("systemctl", "service", "invoke-rc.d", "rc-service", "initctl")
_KILLERS = ("kill", "pkill", "killall", "start-stop-daemon", "skill")
_NAMES = {
    NGINX: re.compile(NGINX_NAME),
    FPM: re.compile(r"php[^\s;|&/]{0,40}fpm|(?<![a-z])fpm"),
}
_CONTROL = re.compile(NGINX_NAME + r"\S*\s(?:.*\s)?-s\s*(reopen|reload|stop|quit)\b")
_REOPENS = re.compile(r"/php[\d.]*-fpm-reopenlogs\Z")  # of Debian's packages
# What does nothing to a daemon.
_HARMLESS = re.compile(
    r"(?:\[\[?|[:)}]|test|true|false|echo|printf|logger|sleep|exit|return|cat|fi|done|esac|case|for|else|set|cd"
    r"|ch(?:own|mod|grp)|setfacl|touch|mkdir|mv|cp|ln|rm|gzip|xz|zstd|find|ls|date|which|grep|awk|sed|head|tail"
    r"|pidof|pgrep|cut|tr|sort|restorecon|run-parts|aws|s3cmd|rsync|function|local|export|read|then|do|shift|trap|umask"
    r"|wait|hash|type)\Z"
)


class Effect(NamedTuple):
    program: Optional[str]  # NGINX or FPM; None: not known
    what: str  # reopen, reload, restart, stop or unknown
    line: int
    text: str


def _programs(text: str) -> List[str]:
    return [program for program, names in _NAMES.items() if names.search(text)]


def _of_kill(command: str, whole: str, line: Line) -> List[Effect]:
    if re.search(r"\s-(?:0|l|L)\b", command):
        return []
    match = _SIGNAL.search(command)
    signal = match.group(1) if match else "TERM"
    signal = _NUMBERS.get(signal, signal)
    # A pid in a variable: the script says elsewhere whose it is.
    programs = _programs(command) or _programs(whole)
    if len(programs) != 1:
        return [Effect(None, "unknown", line.number, line.text)]
    what = _OF_SIGNAL[programs[0]].get(signal)
    return [Effect(programs[0], what, line.number, line.text)] if what else []


def _of_manager(words: Sequence[str], line: Line) -> List[Effect]:
    text = " ".join(words)
    if "kill" in words:
        return _of_kill(text, text, line)
    verb = next((word for word in words[1:] if word in _OF_VERB), None)
    if verb is None:
        return []
    return [Effect(program, _OF_VERB[verb], line.number, line.text) for program in _programs(text)]


class _Script:
    def __init__(self, whole: str, texts: Mapping[str, str]) -> None:
        self.whole, self.texts = whole, texts

    def command(self, text: str, line: Line, depth: int) -> List[Effect]:
        text = _LEADING.sub("", text.strip(" \t({") + " ", 1).strip()
        child = _CHILD.match(text)
        if child and depth < DEEPEST:
            return self.commands(child.group("text") or child.group("su"), line, depth + 1)
        control = _CONTROL.search(text)
        if control:
            what = {"quit": "stop"}.get(control.group(1), control.group(1))
            return [Effect(NGINX, what, line.number, line.text)]
        words = text.replace('"', " ").replace("'", " ").split()
        name = posixpath.basename(words[0]) if words else ""
        if name in _KILLERS:
            return _of_kill(text, self.whole, line)
        if name in _MANAGERS:
            return _of_manager(words, line)
        if words and words[0].startswith(("/etc/init.d/", "/etc/rc.d/")):
            return _of_manager(words, line)
        if not words or _HARMLESS.match(name) or re.match(r"\w+\+?=", text):
            return []
        path = next((word for word in words if word in self.texts), words[0])
        if path in self.texts and depth < DEEPEST:
            inner = _Script(self.texts[path], self.texts)
            found = inner.commands(self.texts[path], line, depth + 1)
            return [effect._replace(line=line.number, text=line.text) for effect in found]
        if _REOPENS.search(words[0]):
            return [Effect(FPM, "reopen", line.number, line.text)]
        return [Effect(None, "unknown", line.number, line.text)]

    def commands(self, text: str, line: Line, depth: int) -> List[Effect]:
        found: List[Effect] = []
        for row in text.replace("\\\n", " ").split("\n")[:MOST_COMMANDS]:
            row = row[:LONGEST]
            if row.strip().startswith("#"):
                continue
            for command in _SPLIT.split(row)[:MOST_COMMANDS]:
                found += self.command(command, line, depth)
        return found


def master_named(masters: Sequence["Master"], command: str) -> Optional[str]:
    """The configuration of the first that runs and whose unit, version or pid file a command names."""
    for master in masters:
        names = ((master["unit"] or "").rpartition(".")[0], master["pid_file"])
        if master["running"] and any(name and name in command for name in names):
            return master["config"]
    return None


def paths_in(script: Sequence[Line]) -> List[str]:
    """Files that it may run."""
    words = [word.strip("\"'`;(){}") for line in script for word in line.text.split()]
    found = [word for word in words if re.match(r"/[\w./+-]+\Z", word)]
    return [path for path in dict.fromkeys(found) if not path.startswith(("/dev/", "/proc/"))][:50]


def effects(script: Sequence[Line], texts: Mapping[str, str]) -> List[Effect]:
    """Each once, in their order. texts: of the scripts that it may run, by path."""
    whole = _Script("\n".join(line.text for line in script if not line.text.startswith("#")), texts)
    found: Dict[Effect, None] = {}
    for line in script:
        found.update(dict.fromkeys(whole.commands(line.text, line, 0)))
    return list(found)
