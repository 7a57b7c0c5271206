# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a unit is mended whose process systemd could not set up, by the step that failed."""

from __future__ import annotations

from .entry import When

# What a step of systemd's sets up (exit-status.c, exec_child()), as it is to be mended.
_STEPS = {
    "CHDIR": "make the directory of WorkingDirectory=, let User= enter it, or correct the line",
    "STDIN": "make what StandardInput= names, or correct the line",
    "STDOUT": "make the directory of the file of StandardOutput=, or correct the line",
    "STDERR": "make the directory of the file of StandardError=, or correct the line",
    "USER": "make the account of User=, or correct the line; in a container PrivateUsers= may fail, too",
    "GROUP": "make the groups of Group= and SupplementaryGroups=, or correct the line",
    "CHROOT": "make the directory of RootDirectory=, or correct the line",
    "NAMESPACE": "make the paths of ReadWritePaths=, RootDirectory= and their like; in a container take "
    "PrivateTmp= and its like out",
    "NETWORK": "take out PrivateNetwork=, or correct NetworkNamespacePath=",
    "CGROUP": "correct Slice= and Delegate=, or let the container have control groups",
    "LIMITS": "lower what Limit...= asks for",
    "NICE": "take out Nice=, or let the container have CAP_SYS_NICE",
    "OOM_ADJUST": "take out OOMScoreAdjust=, or let the container have CAP_SYS_RESOURCE",
    "IOPRIO": "take out IOSchedulingClass= and IOSchedulingPriority=",
    "SETSCHEDULER": "take out CPUSchedulingPolicy= and CPUSchedulingPriority=",
    "CPUAFFINITY": "correct CPUAffinity=: the host has not all of these processors",
    "NUMA_POLICY": "correct NUMAPolicy= and NUMAMask=",
    "CAPABILITIES": "correct CapabilityBoundingSet= and AmbientCapabilities=",
    "SECUREBITS": "take out SecureBits=",
    "NO_NEW_PRIVILEGES": "take out NoNewPrivileges=",
    "SECCOMP": "take out SystemCallFilter= and its like, which this kernel or container refuses",
    "ADDRESS_FAMILIES": "take out RestrictAddressFamilies=, which this kernel or container refuses",
    "BPF": "take out RestrictFileSystems=, which this kernel does not have",
    "PERSONALITY": "take out Personality=",
    "SELINUX_CONTEXT": "correct SELinuxContext=",
    "SMACK_PROCESS_LABEL": "correct SmackProcessLabel=",
    "APPARMOR": "load the profile of AppArmorProfile=, or correct the line",
    "PAM": "mend what PAMName= names below /etc/pam.d, or take it out",
    "KEYRING": "set KeyringMode=inherit",
    "CREDENTIALS": "make the file of LoadCredential=, or correct the line",
}
_STEPS.update(
    {
        "%s_DIRECTORY"
        % name.upper(): "let %sDirectory= have its directory in %s: no file there, a disk with "
        "room, or correct the line" % (name, place)
        for name, place in (
            ("Runtime", "/run"),
            ("State", "/var/lib"),
            ("Cache", "/var/cache"),
            ("Logs", "/var/log"),
            ("Configuration", "/etc"),
        )
    }
)
_CAT = " (systemctl cat {unit}); `{load_unit_and_start}`"
_UNIT_FILE_FIX = (
    "mend the unit's files as the evidence says (systemctl cat {unit}): a drop-in empties ExecStart= before "
    "it sets it; `{load_unit_and_start}`"
)
UNIT_FIXES = (
    When("fault", "unit_file", _UNIT_FILE_FIX),
    *(When("name", step, how + _CAT) for step, how in _STEPS.items()),
    When("name", None, "correct what the unit sets up at the step {name}" + _CAT),
)
