# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What confines nginx and php-fpm beside owner and mode: SELinux, AppArmor and their units' filters."""

from typing import Dict, List, Literal, Optional

from .shape import TypedDict

WayModule = Literal["selinux", "apparmor"]
DenialModule = Literal[WayModule, "seccomp"]


class Access(TypedDict):
    """What SELinux's policy says of one access."""

    source: str  # context of who asks
    target: str  # context of what is asked for
    tclass: str  # class of the target: sock_file, tcp_socket, ...
    permission: str
    path: Optional[str]  # of the file
    port: Optional[int]
    allowed: Optional[bool]  # None: the policy could not be asked
    label_at: Optional[float]  # epoch seconds: when the target's label was seen; None: now


class Selinux(TypedDict):
    """Of a host where SELinux is enforcing."""

    nginx: Optional[str]  # context of nginx's worker
    ours: Optional[str]  # context of the probe
    loaded_at: Optional[float]  # epoch seconds, of the policy
    booleans: Dict[str, bool]  # of the policy, by name: those that let nginx connect
    endpoints: Dict[str, List[Access]]  # what nginx needs there


class ConfinedWay(TypedDict):
    """What is refused on the way to a script, where owner and mode let in."""

    module: WayModule
    path: str  # of the directory, or of the script
    source: str  # context or profile of who asks
    target: Optional[str]  # SELinux's context
    tclass: Optional[str]  # SELinux's class
    permission: str  # SELinux's, or AppArmor's operation
    text: str  # the kernel's line; "": the policy itself was asked now


class Profile(TypedDict):
    """AppArmor's, of a process."""

    pid: int
    program: str  # nginx or php-fpm
    name: str  # unconfined: none
    mode: str  # enforce, complain, kill, ...; "": none


class UnitFilter(TypedDict):
    """seccomp of a unit, as systemctl shows it. None: no filter."""

    unit: str
    families: Optional[str]  # RestrictAddressFamilies=
    calls: Optional[str]  # SystemCallFilter=, cut


class Denial(TypedDict):
    """What the kernel logged of a refusal, with others like it."""

    at: float  # epoch seconds, of the last one
    first: float  # epoch seconds
    count: int
    module: DenialModule
    program: str  # name of the process
    pid: Optional[int]  # of the last one
    operation: str  # SELinux's permissions, AppArmor's operation, a system call
    source: str  # context or profile of who asks
    target: Optional[str]  # SELinux's context
    tclass: Optional[str]  # SELinux's class
    name: Optional[str]  # path, or the last part of one
    family: Optional[str]  # of a socket, as AppArmor has it
    port: Optional[int]
    refused: bool  # the mode was not permissive
    denied_now: Optional[bool]  # asked again; None: cannot be told
    log: str  # where it stands
    text: str  # the last line


class Confinement(TypedDict):
    """None: not in force here."""

    selinux: Optional[Selinux]
    apparmor: Optional[List[Profile]]
    nginx_unit: Optional[UnitFilter]
    denials: List[Denial]  # newest last; [] too where there was no reason to look
