# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CONTRIBUTING says of a new log signature, a new cause, a new action and a new column of the report. It
is done on a scratch copy and tested there.

A cause touches four files by hand at most, each other three. That is counted here, so that it stays so.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.run import env
from tests.run.checks import Check, print_checks

UNITS = "tests/unit/plugins/module_utils"


class Edit(NamedTuple):
    """old: what stands there, and is replaced; "" for what is added at the end, or to a new file."""

    path: str
    old: str
    new: str


class Task(NamedTuple):
    name: str
    edits: Sequence[Edit]
    tests: Sequence[str]
    most: int = 3  # files that it may touch by hand


SIGNATURES = "plugins/module_utils/signatures/nginx.py"
RULE = "plugins/module_utils/rules/lost_requests.py"
KNOWN_ROW = "ng-too-big-header header 502 too_big upstream sent too big header\n"
EXAMPLE = (
    "\n# ng-too-many-headers header 502 too_many | made\n"
    "2026/04/02 14:23:17 [error] 812#812: *4021 upstream sent too many headers while reading response header "
    'from upstream, client: 203.0.113.24, server: shop.example, request: "GET /cart HTTP/1.1", '
    'upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"\n'
)
SIGNATURE = Task(
    "a log signature with its rule",
    (
        Edit(SIGNATURES, "LOST = words(\n", 'LOST = words(\n    "too_many "\n'),
        Edit(
            SIGNATURES,
            KNOWN_ROW,
            KNOWN_ROW + "ng-too-many-headers header 502 too_many upstream sent too many headers\n",
        ),
        Edit(RULE, "by_message, TOO_BIG,", 'by_message, TOO_BIG | meanings("too_many"),'),
        Edit("tests/unit/fixtures/signatures/nginx/response.log", "", EXAMPLE),
    ),
    (UNITS + "/signatures", UNITS + "/rules", UNITS + "/parse/nginx"),
)
LICENCE = "# Copyright (c) 2026 the webmedic.php_fpm authors\n# SPDX-License-Identifier: GPL-3.0-or-later\n"
OTHER_LICENCE = LICENCE.replace(
    "# SPDX",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n# SPDX",
)
HOSTS = "ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts"
RULES = "plugins/module_utils/rules/registry.py"
CAUSE = Task(
    "a cause with a reason of its own",
    (
        Edit(
            "plugins/module_utils/rules/nginx/too_many_workers.py",
            "",
            LICENCE
            + '''
"""nginx has more workers than any host has use for."""

from ..case import Case
from ..model import NOTHING, Answer, Cause, Match, Reason, Rule, evidence

CAUSE = Cause("too_many_workers", ("worker_processes",), severity="info")
MOST = 500


def _few(case: Case) -> Answer:
    return None if len(case.snapshot["nginx"]["workers"]) > MOST else NOTHING


def _worker_processes(case: Case) -> Match:
    words = "nginx has %d workers." % len(case.snapshot["nginx"]["workers"])
    return Match(CAUSE, "worker_processes", Reason(words, [evidence("process", words)], state="latent"))


RULE = Rule("too_many_workers", (CAUSE,), (_few, _worker_processes), of_nginx=True)
''',
        ),
        Edit(RULES, "cached_error, nginx_errors\n", "cached_error, nginx_errors, too_many_workers\n"),
        Edit(
            RULES,
            "    fastcgi_read_timeout.RULE,\n",
            "    fastcgi_read_timeout.RULE,\n    too_many_workers.RULE,\n",
        ),
        Edit(
            "plugins/plugin_utils/catalogue/words/too_many_workers.py",
            "",
            OTHER_LICENCE
            + '''
"""Of nginx with too many workers."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("too_many_workers", None): Entry(
        title="nginx has too many workers",
        what="nginx has more workers than the host has use for.",
        decides="The number of its processes.",
        fix="worker_processes auto, then `{reload_nginx}`",
        advice="Let nginx count the CPUs.",
        do_not="Do not add workers against slow pages.",
    )
}
''',
        ),
        Edit(
            "tests/unit/plugins/module_utils/rules/nginx/test_too_many_workers.py",
            "",
            OTHER_LICENCE
            + '''
"""More workers of nginx than any host has use for."""

from typing import Callable, Dict

from %s import HEALTHY, Host, a_host, causes, found, only

HITS: Dict[str, Callable[[], Host]] = {
    "worker_processes": lambda: a_host().with_nginx(workers=list(range(1000, 1600)))
}


class TestTooMany:
    def test_hit_they_are_counted(self) -> None:
        assert only(HITS["worker_processes"]())["unit"] == "nginx.service"

    def test_near_miss_a_large_host(self) -> None:
        assert found(a_host().with_nginx(workers=list(range(1000, 1256)))) == HEALTHY

    def test_decoy_nobody_dials_a_pool(self) -> None:
        assert causes(HITS["worker_processes"]().with_nginx(routes=[])) == []
'''
            % HOSTS,
        ),
    ),
    (UNITS + "/rules/test_registry.py", UNITS + "/rules/nginx", UNITS + "/rules/latent"),
    4,
)
REGISTRY = "plugins/module_utils/actions/registry.py"
ACTION = Task(
    "an action",
    (
        Edit(
            "plugins/module_utils/actions/log_reopen.py",
            "",
            '''# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets php-fpm open its logs anew.

At worst: nothing.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Command, Step
from .view import View

ACTION = Action("log_reopen", risk="low", reversible=False, disruption="none")


class Arguments(NamedTuple):
    unit: str


def resolve(view: View, arguments: Arguments) -> Step:
    reopen = ["systemctl", "kill", "--kill-who=main", "--signal=SIGUSR1", arguments.unit]
    return Step(ACTION.id, arguments.unit, [], [], [Command(reopen, [])])
''',
        ),
        Edit(
            REGISTRY,
            "    fastcgi_pass_repoint,\n    fpm_log_level_set",
            "    fastcgi_pass_repoint,\n    log_reopen,\n    fpm_log_level_set",
        ),
        Edit(
            REGISTRY,
            "    fastcgi_pass_repoint,\n    read_timeout",
            "    fastcgi_pass_repoint,\n    log_reopen,\n    read_timeout",
        ),
    ),
    (UNITS + "/actions", UNITS + "/plan", "tests/unit/test_safety_page.py"),
)

RETURNED = "plugins/modules/diagnosis_info.py"
KNOWN_FIELD = "    since: Optional[float]  # epoch seconds of the first lost request\n"
KNOWN_VALUE = '        "count": count,\n'
KNOWN_RETURN = "    count:\n      description: Requests lost in the window to this cause.\n"
KNOWN_SAMPLE = "      count: 3\n"
COLUMN = Task(
    "a column of the report",
    (
        Edit(
            "plugins/plugin_utils/shapes/finding.py",
            KNOWN_FIELD,
            KNOWN_FIELD + "    until: Optional[float]  # epoch seconds of the last lost request\n",
        ),
        Edit(
            "plugins/module_utils/rules/findings.py",
            KNOWN_VALUE,
            '        "until": max((loss.at for loss in losses), default=None),\n' + KNOWN_VALUE,
        ),
        Edit(
            RETURNED,
            KNOWN_RETURN,
            "    until:\n"
            "      description: When the last request was lost, in epoch seconds of the host's clock.\n"
            "      type: float\n      returned: success\n" + KNOWN_RETURN,
        ),
        Edit(RETURNED, KNOWN_SAMPLE, KNOWN_SAMPLE + "      until: 1795388575.0\n"),
    ),
    (
        "tests/unit/plugins/plugin_utils/test_shapes.py",
        "tests/unit/plugins/plugin_utils/reports/test_report.py",
        UNITS + "/rules/test_diagnose.py",
    ),
)
WRITERS = ("action_tables", "report_schema")


def edit_problem(home: Path, edit: Edit) -> str | None:
    path = home / edit.path
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if edit.old and before.count(edit.old) != 1:
        return "%s has %d times: %s" % (edit.path, before.count(edit.old), edit.old)
    path.write_text(before.replace(edit.old, edit.new) if edit.old else before + edit.new, encoding="utf-8")
    return None


def problem_of(argv: Sequence[str], folder: Path, environment: dict[str, str]) -> str | None:
    """The end of what a program says that fails."""
    ran = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "\n".join(ran.stdout.splitlines()[-30:]) if ran.returncode else None


def tests_problem(root: Path, tests: Sequence[str]) -> str | None:
    environment = env.environ(Path(sys.prefix), root, PYTHONPATH=str(root))
    return problem_of(
        [sys.executable, "-m", "pytest", "-q", "-x", *tests], root / env.COLLECTION, environment
    )


def types_problem(root: Path) -> str | None:
    argv = [sys.executable, "-m", "mypy", "--config-file", str(root / env.COLLECTION / "pyproject.toml")]
    argv += [
        "--cache-dir",
        str(env.WORK / "mypy-newcomer"),
        "-p",
        "ansible_collections.webmedic.php_fpm.plugins",
    ]
    return problem_of(argv, root, env.environ(Path(sys.prefix), root, MYPYPATH=str(root)))


def prove(task: Task) -> Iterator[Check]:
    root = env.tree("tree-newcomer")
    home = root / env.COLLECTION
    missing = [problem for problem in (edit_problem(home, edit) for edit in task.edits) if problem]
    yield Check(task.name, "each place is where CONTRIBUTING says", "; ".join(missing) or None)
    touched = len({edit.path for edit in task.edits})
    much = "%d files" % touched if touched > task.most else None
    yield Check(task.name, "at most %d files are touched by hand" % task.most, much)
    for writer in WRITERS:
        argv = [sys.executable, "-m", "tests.run." + writer, str(root)]
        subprocess.run(argv, cwd=env.CHECKOUT, check=True)
    yield Check(task.name, "the tests that concern it pass", tests_problem(root, task.tests))
    yield Check(task.name, "its types are sound", types_problem(root))
    # Without its last part it must not pass, or the tests would prove nothing.
    last = task.edits[-1]
    path = home / last.path
    path.write_text(path.read_text(encoding="utf-8").replace(last.new, last.old), encoding="utf-8")
    undone = None if tests_problem(root, task.tests) else "they pass without %s" % last.path
    yield Check(task.name, "the tests fail without its last part", undone)


if __name__ == "__main__":
    sys.exit(print_checks(check for task in (SIGNATURE, CAUSE, ACTION, COLUMN) for check in prove(task)))
