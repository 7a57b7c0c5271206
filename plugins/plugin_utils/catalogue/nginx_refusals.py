# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a complaint means with which nginx does not load its files, or does not start."""

from __future__ import annotations

from ..shapes.missing import Missing
from .entry import When

# Kind, as parse/nginx/refused.py has it -> its words.
REFUSALS = {
    "odd_character": "an invisible or foreign character, as a blank copied from a web page or a byte order "
    "mark: type the line anew",
    "upstream": "no upstream that nginx reads has this name",
    "ssl_directive": "nginx has none since 1.25.1; write ssl on the listen line",
    "unknown_directive": "it is misspelt, or of a module that nginx does not load, or of another version",
    "log_format": "no log_format before this line has the name; options such as buffer= follow a name",
    "daemon_twice": "nginx's command line (-g of its unit) or a line before has it, too: take this out",
    "zone_sizes": "give the zone one size wherever it is named, or give one of the two another name",
    "zone": "no limit_req_zone, limit_conn_zone or fastcgi_cache_path has this name",
    "variable": "nothing that nginx reads makes this variable",
    "module_build": "the module is of another build of nginx: install that of this one",
    "module_version": "the module is of another version of nginx: install that of this one",
    "killed": "see journalctl -k, start it, and give the unit Restart=on-failure",
    "mount_namespace": "make what it names, or take it out of the unit",
    "exec": "install its package anew",
    "unit_setting": "a setting of the unit fails: CHDIR is WorkingDirectory=, STDERR StandardError=, USER "
    "User=",
    "exec_starts": "a drop-in must empty ExecStart= before it sets it",
    "libraries": "install the package of that library, or that of nginx anew",
    "account_hidden": "PrivateUsers= of the unit, or its container, hides that account",
    "capabilities": "the unit or container of nginx must leave it CAP_SETGID, CAP_SETUID and these system "
    "calls",
    "privileged": "root, or CAP_NET_BIND_SERVICE for a low port, may: see User= of the unit; else SELinux",
    "no_pem": "the file is empty, or holds no certificate and no key: get it anew, or from a backup",
    "other_key": "the certificate is of another key: the two files are not of one renewal",
    "small_key": "OpenSSL takes no key so small since its upgrade: make a larger one",
    "passphrase": "the key has a passphrase, for which a unit cannot ask: ssl_password_file, or none",
    "directory": "as of a directory, where nginx needs a file: move it away, or name a file",
    "no_ipv6": "no IPv6 for nginx: off in the kernel, or by RestrictAddressFamilies= of its unit",
    "no_address": "no interface of this host has the address (ip addr), or none had it yet at that time",
    "parent_directory": "nginx makes the last directory alone: make those above it",
    "chown": "nginx lacks CAP_CHOWN, or NFS refuses it: set the owner by hand",
    "cipher": "none is a cipher that this OpenSSL has (TLS 1.3's do not count)",
    "arguments": "too few words, as of an emptied variable, or too many, as without a ;",
    "context": "it is for another block: a } too many or too few before, or a wrong include",
    "twice": "the same block has it twice, maybe by an include or -g: take one out",
    "unterminated": "a ; } or quote lacks, or a } is too many; a regex with braces wants quotes",
    "no_host": "no address for that name then: if getent ahosts has one now, try again",
}
# Where nginx runs, and refuses to load its files anew.
RELOAD_FIXES = tuple(
    When("refusal", kind, "mend {path} or take it out (%s), then `{test_nginx} && {reload_nginx}`" % words)
    for kind, words in REFUSALS.items()
)


def worded(entry: Missing) -> Missing:
    """With the words of what keeps nginx from its files. A later host may know kinds that have none here."""
    words = REFUSALS.get(entry.get("refusal", ""))
    rest: Missing = {
        "what": entry["what"],
        "path": entry["path"],
        "why": entry["why"],
        "needs": entry["needs"],
    }
    return {**rest, "why": "%s; %s" % (entry["why"], words)} if words else rest
