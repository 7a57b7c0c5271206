# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What SELinux or AppArmor refuses a worker on the way to a script, where owner and mode let it in."""

from typing import TYPE_CHECKING, Optional, Sequence

from ..host import Host
from .labels import enforces_selinux, has_apparmor, label, profile_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import ConfinedWay

_ENFORCED = ("enforce", "kill")


def _by_selinux(host: Host, pid: int, root: str, places: Sequence[str]) -> Optional["ConfinedWay"]:
    """The policy is asked as the worker's domain, for the label of each place as it is now."""
    from .selinux import Answers, context_of

    domain, answers = label(host, pid), Answers(host)
    for place in places if domain and domain != label(host, "self") else ():
        is_script = host.type_of(root + place) == "file"
        context, tclass = context_of(host, root + place), "file" if is_script else "dir"
        for permission in ("getattr", "open", "read") if is_script else ("search",):
            if context and answers.allowed(domain or "", context, tclass, permission) is False:
                return {
                    "module": "selinux",
                    "path": place,
                    "source": domain or "",
                    "target": context,
                    "tclass": tclass,
                    "permission": permission,
                    "text": "",
                }
    return None


def _by_apparmor(host: Host, pid: int, places: Sequence[str], since: float) -> Optional["ConfinedWay"]:
    """The kernel cannot be asked: its last word counts, unless the profile was loaded anew since."""
    profile = profile_of(host, pid)
    if not profile or profile.mode not in _ENFORCED:
        return None
    from .audit import read_denials

    denials, changes = read_denials(host, since)
    loaded = max((change.at for change in changes if change.profile == profile.name), default=0.0)
    for denial in reversed(denials):
        name = denial["name"] or ""
        of_profile = denial["module"] == "apparmor" and denial["source"] == profile.name
        in_force = of_profile and denial["refused"] and denial["at"] >= loaded
        if in_force and name.rstrip("/") in places and "r" in _mask(denial["text"]):
            return {
                "module": "apparmor",
                "path": name,
                "source": profile[0],
                "target": None,
                "tclass": None,
                "permission": denial["operation"],
                "text": denial["text"],
            }
    return None


def _mask(text: str) -> str:
    """What was refused, by its letters: r, w, ..."""
    return text.partition('denied_mask="')[2].partition('"')[0]


def confined_way(
    host: Host, pid: Optional[int], root: str, places: Sequence[str], since: float
) -> Optional["ConfinedWay"]:
    """pid: of a worker, else of its master. places: each directory on the way and the script, as it sees
    them below root.
    """
    if pid is None:
        return None
    if enforces_selinux(host):
        return _by_selinux(host, pid, root, places)
    return _by_apparmor(host, pid, places, since) if has_apparmor(host) else None
