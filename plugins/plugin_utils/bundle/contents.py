# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a bundle: the report, and of each host what it handed on. The manifest says so, and what is not
in it.

    manifest.json, README.txt
    report/report.json, report.html, report.md
    hosts/<name>/log_lines.txt, versions.txt, configuration/<path on the host>
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple, cast

from ansible_collections.webmedic.php_fpm.plugins.module_utils.bundle.strict import strict
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import redact

from ..answers.bounds import sparse
from ..answers.untrusted import Mismatch, count, listed, one_of, optional, record, text
from ..reports.folder import Writer, text_of
from ..reports.replay import MAX_BYTES, MAX_VALUES, values_in
from ..shapes.bundle import Handed, HandedHost, LeftOut, Manifest, Member
from ..shapes.finding import Evidence
from ..shapes.report import Explained, HostEntry, Report
from .archive import DEEPEST, LONGEST, component

SCHEMA_VERSION = 1
MANIFEST, README, REPORT = "manifest.json", "README.txt", "report/report.json"
PROGRAMS = ("nginx", "php-fpm", "php", "systemd")
SUBJECTS = ("system", "kernel", "systemd", "nginx", "php_fpm", "packages")
MOST_FILES = 2500
MOST_TEXT = 1024**2
# Each means the same on every host.
NEVER: tuple[LeftOut, ...] = (
    {
        "what": "values",
        "path": None,
        "why": "of a setting that is not known to be harmless [redacted] stands",
    },
    {"what": "comments", "path": None, "why": "they are in no program's grammar, and may say anything"},
    {"what": "tls", "path": None, "why": "keys and certificates are never read"},
    {"what": "passwords", "path": None, "why": "files of passwords, such as .htpasswd, are never read"},
    {
        "what": "environment",
        "path": None,
        "why": "it is read for the secrets to be taken out, and never sent",
    },
    {"what": "applications", "path": None, "why": "code, .env files and databases are never read"},
    {"what": "logs", "path": None, "why": "only the lines that decided are here, without query and cookies"},
)
ABOUT = """\
What one look at these hosts saw of nginx in front of PHP-FPM, for somebody who has to understand it.

manifest.json       what is here, and what was left out and why
report/report.html  the diagnosis, for people; report.json is the same for programs
hosts/NAME/         the log lines that decided, the versions, the configuration with its line numbers

[redacted] stands for what is not known to be harmless. The same diagnosis again, from the snapshots:

    ansible-playbook webmedic.php_fpm.explain -e explain_bundle=FILE
"""

_SHOWN = record(
    program=one_of(*PROGRAMS),
    path=text,
    text=lambda value, where: text(value, where, MOST_TEXT),
    hidden=count,
)
_LEFT_OUT = record(what=text, path=optional(text), why=text)
_LINES = optional(listed(text, 400), [])
_HANDED = record(
    configuration=listed(_SHOWN, MOST_FILES),
    versions=optional(sparse(record(**dict.fromkeys(SUBJECTS, _LINES))), {}),
    left_out=listed(_LEFT_OUT, 500),
)


class Contents(NamedTuple):
    """members: by path. manifest: what is in the file of that name."""

    members: dict[str, bytes]
    manifest: Manifest


def handed(result: Any) -> Handed:
    """What a host handed on beside its diagnosis. Nothing of a host without an answer."""
    empty: Handed = {"configuration": [], "versions": {}, "left_out": []}
    if not isinstance(result, Mapping) or "configuration" not in result:
        why = "the host gave no answer"
        return {**empty, "left_out": [{"what": "configuration", "path": None, "why": why}]}
    try:
        return cast(Handed, _HANDED(result, ""))
    except Mismatch as error:
        why = "the host answered something else: %s" % error
        return {**empty, "left_out": [{"what": "configuration", "path": None, "why": why}]}


def contents(
    results: Mapping[str, Any], report: Report, writers: Mapping[str, Writer], version: str
) -> Contents:
    """results: what the task returned, by host. writers: of report/, by file."""
    hosts: list[HandedHost] = []
    files: dict[str, tuple[bytes, str | None, int]] = {README: (ABOUT.encode(), None, 0)}
    taken: set[str] = set()
    for name, result in results.items():
        entry, data = report["hosts"][name], handed(result)
        if "error" in entry:
            # The engine's words, or the host's shell's: nothing there has redacted them.
            entry["error"] = strict(redact(entry["error"]))
        directory = "hosts/" + _free(component(name), taken)
        left_out = [*data["left_out"], *_without_snapshot(entry, data)]
        own = dict(_files_of(directory, name, entry, data))
        files.update(own)
        hosts.append(
            {
                "name": name,
                "directory": directory if own else None,
                "status": entry["status"],
                "left_out": left_out,
            }
        )
    _fit(report, hosts)
    files[REPORT] = (text_of(report).encode("ascii"), None, 0)
    for file, writer in writers.items():
        files["report/" + file] = (writer(report).encode("utf-8", "replace"), None, 0)
    manifest: Manifest = {
        "schema_version": SCHEMA_VERSION,
        "made_at": report["generated_at"],
        "version": version,
        "hosts": hosts,
        "files": [_member(path, *files[path]) for path in sorted(files)],
        "left_out": list(NEVER),
    }
    members = {path: content for path, (content, _source, _hidden) in files.items()}
    return Contents({**members, MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode("ascii")}, manifest)


def _member(path: str, content: bytes, source: str | None, hidden: int) -> Member:
    return {
        "path": path,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "source": source,
        "hidden": hidden,
    }


def _free(name: str, taken: set[str]) -> str:
    """A name that no other has, on systems that do not tell capitals from small letters either."""
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = "%s~%d" % (name, number)
    taken.add(free.lower())
    return free


def _files_of(
    directory: str, name: str, entry: HostEntry, data: Handed
) -> Iterator[tuple[str, tuple[bytes, str | None, int]]]:
    """(path, (content, path on the host, values hidden)) of one host."""
    if not entry.get("error"):
        yield directory + "/log_lines.txt", (_log_lines(name, entry).encode("utf-8", "replace"), None, 0)
    if data["versions"]:
        lines = [
            "%s: %s" % (subject, line)
            for subject in SUBJECTS
            for line in data["versions"].get(subject) or ["unknown"]
        ]
        yield directory + "/versions.txt", (("\n".join(lines) + "\n").encode("utf-8", "replace"), None, 0)
    files: set[str] = set()
    folders: set[str] = set()
    for number, file in enumerate(data["configuration"], 1):
        parts = [component(part) for part in file["path"].split("/") if part]
        # A browser runs what is called .html, whoever wrote it.
        path = "/".join([directory, "configuration", *parts]) + ".txt"
        above = {path.lower().rsplit("/", depth)[0] for depth in range(1, len(parts) + 1)}
        fits = parts and len(path) <= LONGEST and path.count("/") < DEEPEST
        if not fits or path.lower() in files | folders or above & files:
            path, above = (
                "%s/configuration/%d~" % (directory, number) + component(file["path"][-40:]) + ".txt",
                set(),
            )
        files.add(path.lower())
        folders |= above
        yield path, (file["text"].encode("utf-8", "replace"), file["path"], file["hidden"])


def _without_snapshot(entry: HostEntry, data: Handed) -> Iterator[LeftOut]:
    named = any(item["what"] == "snapshot" for item in data["left_out"])
    if "error" not in entry and "snapshot" not in entry and not named:
        yield {"what": "snapshot", "path": None, "why": "it is too large, or is none"}


def _fit(report: Report, hosts: list[HandedHost]) -> None:
    """Leaves out snapshots, the largest first, until the report can be read again."""
    whole = text_of(report).encode("ascii")
    room, values = MAX_BYTES - len(whole), MAX_VALUES - values_in(whole)
    kept = {
        name: text_of(cast(Report, entry["snapshot"])).encode("ascii")
        for name, entry in report["hosts"].items()
        if "snapshot" in entry
    }
    for name in sorted(kept, key=lambda name: -len(kept[name])):
        if room >= 0 and values >= 0:
            return
        room, values = room + len(kept[name]), values + values_in(kept[name])
        del report["hosts"][name]["snapshot"]
        why = "all snapshots together are too large"
        left_out: LeftOut = {"what": "snapshot", "path": None, "why": why}
        next(host for host in hosts if host["name"] == name)["left_out"].append(left_out)


def _at(epoch: float | None) -> str:
    if epoch is None:
        return ""
    return datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _evidence(item: Evidence) -> str:
    place = ":".join(str(part) for part in (item.get("path"), item.get("line")) if part)
    return "  %s\n" % "  ".join(filter(None, (item["source"], place, _at(item.get("at")), item["text"])))


def _finding(finding: Explained) -> str:
    head = "%s/%s (%s, %s): %s\n" % tuple(
        finding[field] for field in ("cause", "reason", "confidence", "state", "summary")
    )
    return head + "".join(map(_evidence, finding["evidence"]))


def _log_lines(name: str, entry: HostEntry) -> str:
    """What decided, finding by finding; then every kind of line that was read, with the first of its kind."""
    lines = ["%s is %s.\n" % (name, entry["status"]), *map(_finding, entry["findings"])]
    logs: Any = entry.get("snapshot", {}).get("logs")
    events = logs.get("events") if isinstance(logs, Mapping) else None
    seen = [
        "  %s  %s  %s\n" % (event.get("count"), event.get("signature"), event["sample"].get("text"))
        for event in (events if isinstance(events, list) else [])[:500]
        if isinstance(event, Mapping) and isinstance(event.get("sample"), Mapping)
    ]
    if seen:
        lines.append("All lines that were understood, by kind, with their number:\n")
    return "\n".join(["\n".join(lines[:1])] + lines[1:]) + "".join(seen)


def verified(members: Mapping[str, bytes]) -> bytes:
    """The report's JSON. Raises Mismatch where the files are not those that the manifest names."""
    if MANIFEST not in members or REPORT not in members:
        raise Mismatch("it has no %s and no %s" % (MANIFEST, REPORT))
    try:
        if values_in(members[MANIFEST]) > MAX_VALUES:
            raise ValueError
        manifest = json.loads(members[MANIFEST])
        sums = {str(entry["path"]): entry["sha256"] for entry in manifest["files"]}
        schema = manifest["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Mismatch("its %s is none" % MANIFEST) from None
    if schema != SCHEMA_VERSION:
        raise Mismatch("it is of another version of this collection")
    for path, content in members.items():
        if path != MANIFEST and sums.get(path) != hashlib.sha256(content).hexdigest():
            raise Mismatch("a file in it is not the one that its manifest names")
    if len(sums) != len(members) - 1:
        raise Mismatch("a file that its manifest names is not in it")
    return members[REPORT]
