# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dozen real hosts, each broken in its own way, told apart and mended by the installed collection.
DEMO_KEEP=1 leaves the hosts.
"""

import os
import sys
import time
from pathlib import Path

import yaml

from tests.integration import mended
from tests.lab.judge import facts_of, judge, summary
from tests.run import env, hosts, package

FLEET = "demo"
REPORT = env.CHECKOUT / "webmedic-report"


def main() -> int:
    began = time.monotonic()

    def tell(text: str) -> None:
        print("== %3.0f s  %s" % (time.monotonic() - began, text), flush=True)

    home = Path(sys.prefix)
    tell("what the lab needs: podman, runc, mmdebstrap")
    hosts.lab("install", quiet=True)
    tell("the hosts' images (the first time: a few minutes)")
    hosts.lab("images", quiet=True)
    tell("a tarball of the collection, installed on its own")
    collections = package.install(home)
    tell("the hosts: started, broken, and asked for a page")
    hosts.lab("down", FLEET, quiet=True, check=False)
    try:
        print(hosts.lab("fleet", FLEET, check=False), end="")
        tell("ansible-playbook -i %s webmedic.php_fpm.diagnose" % hosts.inventory(FLEET))
        facts = facts_of(yaml.safe_load(hosts.inventory(FLEET).read_text()))
        REPORT.mkdir(exist_ok=True)
        (REPORT / "report.json").unlink(missing_ok=True)
        done = hosts.diagnose(home, collections, hosts.inventory(FLEET), REPORT)
        print(done.stdout, end="")
        diagnosed = hosts.load_report(REPORT) if (REPORT / "report.json").exists() else {}
        tell("ansible-playbook -i %s webmedic.php_fpm.remediate --check --diff" % hosts.inventory(FLEET))
        print(
            mended.remediate(home, collections, hosts.inventory(FLEET), REPORT, "--check", "--diff").output,
            end="",
        )
        tell(
            "ansible-playbook -i %s webmedic.php_fpm.remediate %s"
            % (hosts.inventory(FLEET), " ".join(mended.TOGETHER))
        )
        real = mended.remediate(home, collections, hosts.inventory(FLEET), REPORT, *mended.TOGETHER)
        print(real.output, end="")
        answers = mended.answers(FLEET)
    finally:
        if os.environ.get("DEMO_KEEP"):
            tell("the hosts stay; `make down` removes them")
        else:
            hosts.lab("down", FLEET, quiet=True)
    if not diagnosed or not real.report:
        return 1
    verdicts = judge(diagnosed, {name: fact["lab_expected"] for name, fact in facts.items()})
    for verdict in verdicts:
        if verdict.wrong:
            print("WRONG %s: %s" % (verdict.host, "; ".join(verdict.wrong)))
    safe = {name: fact["lab_actions"] for name, fact in facts.items() if fact["lab_safe_fix"]}
    wrong = {
        name: mended.mended_problem(real.results.get(name), actions, answers.get(name, "was not asked"))
        for name, actions in safe.items()
    }
    for name, why in wrong.items():
        if why:
            print("WRONG %s: %s" % (name, why))
    tell(summary(verdicts))
    tell(mended.sum_up(safe, real.results, wrong))
    print("Report: %s" % (REPORT / "report.json"))
    return int(any(verdict.wrong for verdict in verdicts) or any(wrong.values()))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
