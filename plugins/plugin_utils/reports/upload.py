# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a report is to go, and what a person reads when it does not arrive. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from ..terminal.text import cut
from .folder import JOB
from .report import failure
from .run import JOBS, first

FILE, RUN = "{file}", "{run}"
ACCEPTED = (200, 201, 202, 204)
TYPES = {
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".xml": "application/xml",
    ".sarif": "application/sarif+json",
    ".prom": "text/plain; version=0.0.4; charset=utf-8",
}
MOST_CHARACTERS = 300  # of a reason
DEEPEST = 10
# What the module uri puts before the reason.
_UNASKED = re.compile(r"\AStatus code was -1 and not \[[\d, ]+\]: ")
_ERRNO = re.compile(r"\[Errno \d+\] ([^:'>\[]+)")
_REFUSED = re.compile(r"\AStatus code was (\d+) and not \[[\d, ]+\]: (?:HTTP Error \d+: )?")


class Wrong(ValueError):
    """An option that cannot be right. The message says what to write."""


def name_of(folder: str, variables: Mapping[str, Any]) -> str:
    """The name of the run's folder at its new place. Two slices of a job may begin in the same second."""
    job = first(variables, JOBS)
    return folder if job is None else folder + JOB + re.sub(r"\W", "", job)


def check(url: str | None, directory: str | None, one_file: bool = False, now: float = 0.0) -> None:
    """one_file: the URL may be that of one object, and presigned. now: epoch seconds. Raises Wrong."""
    if directory is not None and not directory.startswith("/"):
        raise Wrong("directory must begin with /: it is a path on the host")
    if url is not None and not url.startswith(("http://", "https://")):
        raise Wrong("url must begin with http:// or https://")
    ends = expiry(url) if url is not None else None
    if ends is not None and ends <= now:
        ended = datetime.fromtimestamp(ends, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        raise Wrong("url was valid until %s: make a new one" % ended)
    if url is not None and FILE not in url and not one_file:
        raise Wrong("url has no place for the name of the file: write {file} there, as in .../{run}/{file}")


def expiry(url: str) -> float | None:
    """When a presigned URL ends, in epoch seconds, as large object stores write it. None: unknown."""
    words = {name.lower(): values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    try:
        for begin, seconds in (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires")):
            if begin in words and seconds in words:
                began = datetime.strptime(words[begin], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
                return began.timestamp() + int(words[seconds])
        if "se" in words and "sig" in words:
            ends = datetime.fromisoformat(words["se"].replace("Z", "+00:00"))
            return (ends if ends.tzinfo else ends.replace(tzinfo=timezone.utc)).timestamp()
        return float(int(words["expires"])) if "expires" in words and "signature" in words else None
    except (ValueError, OverflowError):
        return None


def address(url: str, run: str, file: str) -> str:
    return url.replace(RUN, quote(run)).replace(FILE, quote(file))


def shown(url: str) -> str:
    """A URL without what may be a secret: its password and its query."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return cut(urlunsplit((parts.scheme, place, parts.path, "", "")), MOST_CHARACTERS)


def content_type(file: str) -> str:
    return next((kind for end, kind in TYPES.items() if file.endswith(end)), "application/octet-stream")


def reason(result: Mapping[str, Any]) -> str:
    """Why a file did not arrive, in one line: the system's word where there is one."""
    words = failure({**result, "msg": result.get("msg") or _captured(result.get("exception"))})
    system = _ERRNO.search(words)
    return cut(
        system.group(1) if system else _REFUSED.sub(r"\1 ", _UNASKED.sub("", words)), MOST_CHARACTERS
    ).rstrip(".")


def _captured(exception: Any) -> str:
    """What ansible-core 2.19 keeps of an error instead of a message: an event, and those that caused it."""
    texts: list[str] = []
    event = getattr(exception, "event", None)
    while event is not None and len(texts) < DEEPEST:
        texts.append(str(event.msg))
        event = getattr(getattr(event, "chain", None), "event", None)
    return ": ".join(text.rstrip(".") for text in texts)
