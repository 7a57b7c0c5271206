# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pool serves before and after it is sized, on real hosts under the same load: requests answered with
200, and OOM kills.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration import mended
from tests.run import env, hosts

FLEET = hosts.PREFIX + "bench-sizing"
HOSTS = "bullseye:exhausted_static,bookworm:exhausted_dynamic,trixie:exhausted_static,el:exhausted_ondemand"
SECONDS = 20
CLIENTS = 12
# Each client asks for the next page when it has the last. So what is served depends on the workers alone.
# Before that, the workers finish what an earlier load left in the queue. Nobody waits for it, so it is not
# counted.
LOAD = """
waiting() { ss --no-header --listening --unix | awk '$5 ~ "^/run/php" {n += $3} END {print n + 0}'; }
patience=$((SECONDS + 40))
while [ "$(waiting)" -gt 0 ] && [ $SECONDS -lt $patience ]; do sleep 0.5; done
sleep 2
kills() {
    grep -hs '^oom_kill ' /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events |
        awk '{n += $2} END {print n + 0}'
}
killed=$(kills)
log=/tmp/webmedic-served
end=$((SECONDS + %d))
for _ in $(seq %d); do
    (while [ $SECONDS -lt $end ]; do
        curl -s -o /dev/null -m 60 -w '%%{http_code}\\n' -H 'Host: shop.example' \\
            'http://127.0.0.1/slow.php?s=1'
    done) &
done >$log
wait
echo "served $(grep -c 200 $log) lost $(grep -vc 200 $log) killed $(($(kills) - killed))"
rm -f $log
"""


class Served(NamedTuple):
    served: int
    lost: int
    killed: int


def load() -> dict[str, Served]:
    hosts.lab("calm", FLEET)
    output = hosts.lab("exec", FLEET, "-c", LOAD % (SECONDS, CLIENTS))
    return {
        name: Served(*map(int, numbers))
        for name, *numbers in re.findall(r"^--- (\S+)\nserved (\d+) lost (\d+) killed (\d+)$", output, re.M)
    }


def measured(home: Path, collections: Path) -> list[list[str]]:
    """A row for each host: what was done, and what it served before and after."""
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        hosts.lab("fleet", FLEET, "--hosts", HOSTS, quiet=True)
        before = load()
        hosts.lab("traffic", FLEET, quiet=True)  # it has to be exhausted when it is looked at
        run = mended.remediate(
            home, collections, hosts.inventory(FLEET), env.WORK / "bench" / "sizing", *mended.TOGETHER
        )
        after = load()
    finally:
        hosts.lab("down", FLEET, quiet=True)
    rows = []
    for name, was in sorted(before.items()):
        now = after[name]
        rows.append(
            [
                name,
                "%d / %d" % (was.served, was.lost),
                "%d / %d" % (now.served, now.lost),
                "%.1f" % (now.served / max(1, was.served)),
                "%d / %d" % (was.killed, now.killed),
                outcome(run.results.get(name, {})),
            ]
        )
    return rows


def outcome(result: Mapping[str, Any]) -> str:
    """What was done. Of the explanation only the first part is taken."""
    if "remediation" not in result:
        return "no answer: %s" % str(result)[:200]
    return (
        ", ".join(
            "%s: %s" % (action["result"], action["why"].partition("; ")[0])
            for action in result["remediation"]["actions"]
        )
        or "nothing"
    )
