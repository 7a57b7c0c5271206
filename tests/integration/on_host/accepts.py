# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has the daemons themselves judge the samples: ``accepts.py FPM_BIN < {"fpm": [...], "nginx": [...]}``.

Prints {kind: [[accepted before the edit, what is wrong after it or null], ...]}. The fields of a sample stand
in samples.py.
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
    """What is wrong with the value that php-fpm prints, else None.

    Of equal array keys php-fpm prints the one last that stands first. That one wins.
    """
    section, name, value = sample["shown"]
    here, shown = "", None
    for line in re.findall(r"NOTICE: +(.*)", text):
        if line.startswith("["):
            here = line.strip("[]").lower()
        elif here == section.lower() and line.strip().partition(" = ")[0].rstrip(" =") == name:
            shown = line.strip().partition(" = ")[2]
    wanted = {value, value[:-1]} if re.match(r"\d+s$", value) else {value}
    return None if shown in wanted else "php-fpm says %r for %s, not %r" % (shown, name, value)


def nginx_shows(text, sample):
    if all(part in text for part in sample["edited"].values()):
        return None
    return "nginx -T prints another text than the edited one"


def judge(argv, sample, shows):
    """[accepted before the edit, what is wrong after it]. shows: looks for the new value in the output."""
    write(sample["files"])
    code, before = answer(*argv)
    if code:
        return [False, before[-300:]]
    write(sample["edited"])
    code, text = answer(*argv)
    if code:
        wrong = "accepted before, refused after %s: %s" % (sample["shown"], text[-400:])
    else:
        wrong = shows(text, sample)
    if not wrong and sample["wrong"]:
        write(dict(sample["files"], **sample["wrong"]))
        code, text = answer(*argv)
        wrong = None if code else "the daemon does not read the edited place: it takes any nonsense there"
    return [True, wrong and "%s: %s" % (sample["main"], wrong)]


def main():
    binary, samples = sys.argv[1], json.load(sys.stdin)
    fpm = [judge([binary, "-tt", "-y", sample["main"]], sample, fpm_shows) for sample in samples["fpm"]]
    nginx = [
        judge(
            ["nginx", "-T", "-p", os.path.dirname(sample["main"]), "-c", sample["main"]], sample, nginx_shows
        )
        for sample in samples["nginx"]
    ]
    print(json.dumps({"fpm": fpm, "nginx": nginx}))


if __name__ == "__main__":
    main()
