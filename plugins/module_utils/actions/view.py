# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action may look at: data alone, and look-ups in it. remediate/measure.py collects it."""

from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional

from ..parse.pools_at import pools_behind
from ..work.step import Refusal, Step

if TYPE_CHECKING:
    from ...plugin_utils.shapes.capacity import Capacity
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot


class Files(NamedTuple):
    """The files that an action may read, with the changes of the steps before this one."""

    texts: Mapping[str, Optional[str]]  # by path; None: cannot be read
    listings: Mapping[str, List[str]]  # paths of files, by glob pattern

    def read(self, path: str) -> Optional[str]:
        if path not in self.texts:
            raise Refusal("%s was not looked at, so this action cannot go by it" % path)
        return self.texts[path]

    def expand(self, pattern: str) -> List[str]:
        if pattern not in self.listings:
            raise Refusal("%s was not looked at, so this action cannot go by it" % pattern)
        return list(self.listings[pattern])


class View(NamedTuple):
    """groups, memory and swap are empty or None unless ACTION.needs names them."""

    snapshot: "Snapshot"  # taken a moment ago, with the pools as the files have them now
    files: Files
    groups: Mapping[str, List[str]]  # by account, its own first; []: no such account
    memory: "Optional[Capacity]"
    swap: Optional[Step]  # makes a swap file as large as the operator allows


def master_of(view: View, config: str) -> "Master":
    for master in view.snapshot["fpm"]["masters"]:
        if master["config"] == config:
            return master
    raise Refusal("no php-fpm master with the configuration %s is on this host any more" % config)


def pool_of(master: "Master", name: str) -> "Pool":
    for pool in master["pools"]:
        if pool["name"] == name:
            return pool
    raise Refusal("%s has no pool %s any more" % (master["config"], name))


def groups_of(view: View, account: str) -> List[str]:
    if account and account not in view.groups:
        raise Refusal("the groups of %s were not looked at" % account)
    return list(view.groups.get(account, ()))


def memory_of(view: View) -> "Capacity":
    if view.memory is None:
        raise Refusal("the memory of php-fpm was not measured, so nothing can be sized by it")
    return view.memory


def unloaded_pools(view: View, unit: str) -> List[str]:
    """The files of the pools that nginx dials and the running php-fpm has not read: the unit is loaded for
    them.
    """
    unloaded: Dict[str, None] = {}
    for master, pool in pools_behind(view.snapshot, view.snapshot["nginx"]["routes"]):
        endpoint = view.snapshot["endpoints"].get(pool["endpoint"] or "")
        if endpoint and master["unit"] == unit and endpoint.get("listening") is False:
            unloaded.update(dict.fromkeys(path for path in (pool["file"], pool["listen_file"]) if path))
    return list(unloaded)
