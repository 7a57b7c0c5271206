# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The titles of nginx's and php-fpm's processes (ngx_setproctitle(), fpm_env.c), and their programs' names.

Anybody may take such a title: collect/trust.py judges that.
"""

import re
from typing import Match, Optional

# A master's title -> words of its program's file name.
PROGRAMS = {"nginx": ("nginx", "openresty", "angie", "tengine", "freenginx"), "php-fpm": ("fpm",)}
NGINX_NAME = "(?:%s)" % "|".join(PROGRAMS["nginx"])  # a pattern: nginx, its forks

# angie adds its version and brackets. group 1: the command line.
NGINX_MASTER = re.compile(NGINX_NAME + r": master process (?:v\S+ #\d+ \[)?(.*?)\]?$")
NGINX_WORKER = re.compile(NGINX_NAME + r": worker process(?! is shutting down)")
# group 1: the configuration file; the title may be cut.
FPM_MASTER = re.compile(r"php-fpm: master process(?: \((.*?)\)?)?$")
POOL = "php-fpm: pool "  # and the pool's name: a worker's
# group 1: the pool.
FPM_WORKER = re.compile(POOL + r"(.+)\Z")
# The file of php-fpm's program, and a process that runs nginx or it.
_FPM = r"php[\d.-]*(?:php-?)?fpm[\d.]*"
_FPM_FILE = re.compile(r"(?:.*/)?%s(?: \(deleted\))?\Z" % _FPM)
_COMM = re.compile(r"\(?(?:(%s)|%s)(?![A-Za-z_])" % (NGINX_NAME, _FPM))
_CLAIM = re.compile(r"(?:(%s)|php-fpm): master process" % NGINX_NAME)


def relevant(comm: str) -> bool:
    """By /proc/PID/comm: nginx, its forks, each build of php-fpm (php-fpm8.2, php-fpm83, php82-php-fpm)."""
    return "fpm" in comm or comm.startswith(PROGRAMS["nginx"])


def is_fpm(path: str) -> bool:
    """By its program."""
    return bool(_FPM_FILE.match(path))


def resembles_fpm(comm: str, exe: Optional[str], title: str) -> bool:
    """By names, which anybody may take."""
    return "fpm" in comm or "fpm" in (exe or "").rpartition("/")[2] or title.startswith("php-fpm")


def _program(match: Optional[Match[str]]) -> Optional[str]:
    return match and ("nginx" if match.group(1) else "php-fpm")


def program_of(comm: str) -> Optional[str]:
    """nginx or php-fpm, by the name of a process. systemd's child has it in brackets before it is run."""
    return _program(_COMM.match(comm))


def claim(title: str) -> Optional[str]:
    """The program as whose master a process presents itself."""
    return _program(_CLAIM.match(title))
