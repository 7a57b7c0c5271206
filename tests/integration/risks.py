# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will be the next 502, told before it happens, brought about, and cured:
``python3 -m tests.integration.risks [SUITE...]``.

Each story of risks/*.yml happens on a real host, which is put back before the next one. The host gets the
risk, and exactly that is told. Then it is driven into the outage that was foretold. Then it is cured: the
risk is told no more, and what brought the outage about does not any more. Beside them stand hosts that nearly
have it. risk_stories.py says what a story may hold. FLEET_KEEP=1 leaves the hosts.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from tests.integration.few_hosts import run
from tests.integration.risk_host import FLEET, Stage
from tests.integration.risk_looks import looks, pages
from tests.integration.risk_stories import SUITES, Story, load, named, stories_of
from tests.run import env
from tests.run.checks import Check


def on_stage(stage: Stage, stories: Sequence[Story], whole: bool) -> Iterator[Check]:
    if whole:
        yield from pages(stage)
    for story in stories:
        yield from stage.play(story)


def side_by_side(
    stages: Sequence[Stage], stories: Sequence[Story], few: bool, whole: bool
) -> Iterator[Check]:
    """The checks of all hosts as they come."""
    checks: SimpleQueue[Check | None] = SimpleQueue()

    def work(stage: Stage) -> None:
        try:
            for check in on_stage(stage, stories_of(stage.suite.name, stories, few), whole):
                checks.put(check)
        finally:
            checks.put(None)

    with ThreadPoolExecutor(len(stages)) as pool:
        running = [pool.submit(work, stage) for stage in stages]
        for _stage in stages:
            yield from iter(checks.get, None)
        for each in running:
            each.result()


def prove(suites: Sequence[str], few: bool, only: str) -> Iterator[Check]:
    stories, tree = named(load(), only), env.tree("tree-risks")
    stages = [Stage(suite) for suite in suites]
    for stage in stages:
        stage.set_up(tree)
    if not only:
        yield from looks(stages)
    yield from side_by_side(stages, stories, few, not only)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--few", action="store_true", help="no story that is `full`, and each on one suite")
    parser.add_argument(
        "--only", default="", metavar="WORD,...", help="of names of stories, or names of files"
    )
    words = parser.parse_args()
    suites = words.suites or SUITES
    patterns = ",".join(suite + ":plain" for suite in suites)
    return run(FLEET, patterns, lambda _hosts: prove(suites, words.few, words.only))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
