# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host, with the zip of a module's source as its argument: what each part of a diagnosis costs.

Prints one JSON object, {part: CPU seconds}. As in a real run nothing is compiled beforehand.
"""

import json
import resource
import sys

sys.dont_write_bytecode = True
COSTS = {}  # part -> CPU seconds of this process and of its children
UTILS = "ansible_collections.webmedic.php_fpm.plugins.module_utils."
STAGES = ("nginx", "fpm", "memory", "workers", "oom", "logs", "endpoints")


def used():
    """CPU seconds, user and system."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def timed(part, function, *arguments, **words):
    before = used()
    try:
        return function(*arguments, **words)
    finally:
        COSTS[part] = COSTS.get(part, 0) + used() - before


def in_stages(snapshot):
    """Has each stage of a look write down what it took: it runs in a child, which shares only files."""

    def counting(part, function):
        def stage(*arguments, **words):
            before = used()
            try:
                return function(*arguments, **words)
            finally:
                with open("/var/tmp/bench-stages", "a") as stream:
                    stream.write("%s %f\n" % (part, used() - before))

        return stage

    open("/var/tmp/bench-stages", "w").close()
    for part in STAGES:
        name = "collect_" + part
        setattr(snapshot, name, counting("look: " + part, getattr(snapshot, name)))


def stages():
    with open("/var/tmp/bench-stages") as stream:
        for line in stream:
            part, _space, seconds = line.rpartition(" ")
            COSTS[part] = COSTS.get(part, 0) + float(seconds)


def module(name):
    __import__(UTILS + name)
    return sys.modules[UTILS + name]


def main():
    COSTS["Python"] = used()
    sys.path.insert(0, sys.argv[1])
    timed("the engine's module_utils", __import__, "ansible.module_utils.basic")
    snapshot = timed("loading what looks", module, "collect.snapshot")
    diagnose = timed("loading what judges", module, "rules.diagnose")
    in_stages(snapshot)
    seen = timed("look: whole", snapshot.take, module("collect.host").Host(), 900, 3.0)
    stages()
    timed("judging", diagnose.diagnose, seen)
    print(json.dumps(COSTS))


if __name__ == "__main__":
    main()
