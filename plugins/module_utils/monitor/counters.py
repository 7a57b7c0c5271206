# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counters that outlive the script: they begin where the last run left them."""

from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, Tuple

from .exposition import Sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import Counter

MOST_SERIES = 20000  # names of sites and pools come from the configuration alone
Key = Tuple[str, Tuple[Tuple[str, str], ...]]


def _key(name: str, labels: Mapping[str, str]) -> Key:
    return name, tuple(sorted(labels.items()))


class Counters:
    """raw: what somebody else counts, by what it is. It is less than before after a restart of theirs."""

    def __init__(self, kept: List["Counter"], raw: Dict[str, float]) -> None:
        self.values: Dict[Key, float] = {
            _key(each["name"], each["labels"]): each["value"] for each in kept[:MOST_SERIES]
        }
        self.raw = raw

    def add(self, name: str, labels: Mapping[str, str], count: float) -> None:
        key = _key(name, labels)
        if key in self.values or len(self.values) < MOST_SERIES:
            self.values[key] = self.values.get(key, 0) + max(0, count)

    def follow(self, name: str, labels: Mapping[str, str], what: str, count: float) -> None:
        """What was counted before the first look is not ours."""
        before = self.raw.get(what)
        self.raw[what] = count
        if before is None:
            before = count
        self.add(name, labels, count - before if count >= before else count)

    def forget(self, stays: Callable[[str, Dict[str, str]], bool]) -> None:
        """Drops the series of what is gone from the configuration."""
        self.values = {key: value for key, value in self.values.items() if stays(key[0], dict(key[1]))}

    def kept(self) -> List["Counter"]:
        return [
            {"name": name, "labels": dict(labels), "value": value}
            for (name, labels), value in self.values.items()
        ]

    def samples(self) -> List[Sample]:
        return [Sample(name, dict(labels), value) for (name, labels), value in self.values.items()]
