# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the daemons themselves say of the samples: ``accepts.py FPM_BIN < {"fpm": [...], "nginx": [...]}``.

Prints {kind: [[accepted before, what is wrong after the edit or null], ...]}. A sample has main, files,
edited, wrong and shown, as in samples.py.
"""

import json
import os
import re
import subprocess
import sys


def write(files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))


def answer(*argv):
    done = subprocess.run(
        argv, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape")


def fpm_shows(text, sample):
    """The last of equal array keys that php-fpm prints is the one that stands first, and wins."""
    section, name, value = sample["shown"]
    here, found = "", None
    for line in re.findall(r"NOTICE: +(.*)", text):
        if line.startswith("["):
            here = line.strip("[]").lower()
        elif here == section.lower() and line.strip().partition(" = ")[0].rstrip(" =") == name:
            found = line.strip().partition(" = ")[2]
    wanted = {value, value[:-1]} if re.match(r"\d+s$", value) else {value}
    return None if found in wanted else "php-fpm says %r for %s, not %r" % (found, name, value)


def nginx_shows(text, sample):
    if all(part in text for part in sample["edited"].values()):
        return None
    return "nginx -T prints another text than the edited one"


def judge(argv, sample, shows):
    write(sample["files"])
    code, before = answer(*argv)
    if code:
        return [False, before[-300:]]
    write(sample["edited"])
    code, text = answer(*argv)
    wrong = (
        "accepted before, refused after %s: %s" % (sample["shown"], text[-400:])
        if code
        else shows(text, sample)
    )
    if not wrong and sample["wrong"]:
        write(dict(sample["files"], **sample["wrong"]))
        code, text = answer(*argv)
        wrong = None if code else "the daemon does not read the edited place: it takes any nonsense there"
    return [True, wrong and "%s: %s" % (sample["main"], wrong)]


def main():
    binary, samples = sys.argv[1], json.load(sys.stdin)
    print(
        json.dumps(
            {
                "fpm": [judge([binary, "-tt", "-y", one["main"]], one, fpm_shows) for one in samples["fpm"]],
                "nginx": [
                    judge(
                        ["nginx", "-T", "-p", os.path.dirname(one["main"]), "-c", one["main"]],
                        one,
                        nginx_shows,
                    )
                    for one in samples["nginx"]
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
