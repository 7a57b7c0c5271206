# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics as text, for node exporter's textfile collector.

prometheus.io/docs/instrumenting/exposition_formats
"""

import re
import zlib
from functools import lru_cache
from typing import Dict, Iterable, List, Mapping, NamedTuple, Tuple

LONGEST = 200  # characters of a label's value
# What a terminal or an editor would act on. A line feed has an escape of its own.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Family(NamedTuple):
    name: str
    type: str  # gauge or counter
    help: str


class Sample(NamedTuple):
    name: str
    labels: Mapping[str, str]
    value: float


@lru_cache(maxsize=65536)
def label(text: str) -> str:
    """A label's value. Of a long one the end is a checksum, so that two of them stay two."""
    text = _ODD.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8"))
    if len(text) > LONGEST:
        text = "%s~%08x" % (text[: LONGEST - 9], zlib.crc32(text.encode("utf-8")))
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _line(sample: Sample) -> str:
    return "%s{%s}" % (
        sample.name,
        ",".join('%s="%s"' % (name, label(value)) for name, value in sorted(sample.labels.items())),
    )


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 3))


def text(families: Iterable[Family], samples: Iterable[Sample]) -> str:
    """One series twice would make node exporter refuse the whole file: the first one stays."""
    rows: Dict[str, Dict[str, float]] = {}
    for sample in samples:
        rows.setdefault(sample.name, {}).setdefault(_line(sample), sample.value)
    lines: List[str] = []
    for family in families:
        if family.name not in rows:
            continue
        lines.append("# HELP %s %s" % (family.name, family.help.replace("\\", "\\\\").replace("\n", " ")))
        lines.append("# TYPE %s %s" % (family.name, family.type))
        series: List[Tuple[str, float]] = sorted(rows[family.name].items())
        lines += ["%s %s" % (name, number(value)) for name, value in series]
    return "".join(line + "\n" for line in lines)
