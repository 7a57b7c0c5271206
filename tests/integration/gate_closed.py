# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of the gate: by no mistake does it open."""

from collections.abc import Iterator

from tests.integration.gate_fails import FAILING, failed, seen
from tests.integration.prepared_hosts import Fleet, finding, reply
from tests.run.checks import Check

PLAY = """
- hosts: web
  gather_facts: false
  strategy: %s
  tasks:
%s
"""
DIAGNOSE = """
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.diagnose
"""
REPORT = """
    - webmedic.php_fpm.fleet_report:
        variable: seen
        report_dir: "{{ diagnose_report_dir }}"
        fail_on: [failing]
      run_once: true
"""
LOOPED = """
    - webmedic.php_fpm.diagnosis_info:
      loop: [1, 2]
      register: seen
"""
DELEGATED = """
    - webmedic.php_fpm.diagnosis_info:
      delegate_to: web2
      register: seen
      ignore_errors: true
      ignore_unreachable: true
"""
LINEAR, FREE = "ansible.builtin.linear", "ansible.builtin.free"


def two(fleet: Fleet) -> None:
    fleet.host("web1", reply("healthy"), "web")
    fleet.host("web2", reply("healthy"), "web")
    fleet.host("db1", reply("not_applicable"), "db")


def no_host(fleet: Fleet) -> Iterator[Check]:
    two(fleet)
    no_pattern = "wbe is no host and no group of the inventory"
    cases: list[tuple[str, str, str, str, str]] = [
        ("remediate", "wbe", "", "a mistyped pattern is an error", no_pattern),
        ("diagnose", "web", "db", "a limit that leaves none is an error", "with --limit db matches web"),
    ]
    if fleet.everything:
        cases += [
            ("diagnose", "wbe", "", "a mistyped pattern is an error", no_pattern),
            ("audit", "wbe", "", "a mistyped pattern is an error", no_pattern),
            ("diagnose", "web:wbe", "", "a mistyped part of a pattern is an error", no_pattern),
            ("diagnose", "empty", "", "an empty group is an error", "no host of the inventory matches empty"),
        ]
    for playbook, pattern, limit, what, words in cases:
        option = "remediate_hosts" if playbook == "remediate" else "diagnose_hosts"
        done = fleet.run(playbook, *(("--limit", limit) if limit else ()), options={option: pattern})
        yield seen(playbook, what, done.rc != 0 and words in done.one_line, done)
    done = fleet.run("diagnose", "--limit", "web1", options={"diagnose_hosts": "web:!wbe:empty:db*"})
    fine = done.rc == 0 and list(fleet.report["hosts"]) == ["web1"]
    yield seen("diagnose", "what is taken away or empty is none, nor a limit that leaves one", fine, done)


def skipped(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("failing", finding()), "web")
    for playbook in ("diagnose", "remediate") if fleet.everything else ("diagnose",):
        done = fleet.run(playbook, "--tags", "deploy", options=FAILING)
        yield seen(playbook, "other tags do not skip it", done.rc == 2 and fleet.calls("web1"), done)
        ways = (("--skip-tags", "always"), ("--start-at-task", "Stop*"), ("--skip-tags", "tagged"))
        for words in ways[: 3 if fleet.everything else 2]:
            done = fleet.run(playbook, *words)
            fine = done.rc != 0 and "would skip the look at the hosts" in done.one_line
            yield seen(playbook, "%s is an error" % " ".join(words), fine, done)


def unseen(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("healthy"), "web")
    fleet.host("gone", None, "web")
    fleet.host("dark", reply("unknown"), "web")
    done = fleet.run("diagnose", options=FAILING)
    hit = failed(done)
    yield seen("gone", "an unreachable host closes it", done.rc == 2 and hit["gone"], done)
    yield seen("dark", "an unknown host closes it", done.rc == 2 and hit["dark"], done)
    yield seen("web1", "a host that is well does not fail", not hit["web1"], done)
    done = fleet.run("diagnose", options={**FAILING, "diagnose_accept_unseen": True})
    yield seen("diagnose_accept_unseen", "they pass where the user says so", done.rc == 0, done)


def window(fleet: Fleet) -> Iterator[Check]:
    two(fleet)
    cases = (("diagnose", -5), ("remediate", 0), ("diagnose", 0))
    for playbook, seconds in cases[: 3 if fleet.everything else 1]:
        done = fleet.run(playbook, options={"diagnose_window": seconds, "remediate_window": seconds})
        fine = done.rc == 2 and "window is %d: it must be 1 second or more" % seconds in done.one_line
        yield seen(playbook, "a window of %d is an error" % seconds, fine, done)


def strategy(fleet: Fleet) -> Iterator[Check]:
    two(fleet)
    done = fleet.run("diagnose", ANSIBLE_STRATEGY="free", options=FAILING)
    fine = done.rc == 0 and sorted(fleet.report["hosts"]) == ["db1", "web1", "web2"]
    yield seen("diagnose", "a strategy of ansible.cfg is not used", fine, done)
    for name in (FREE, "host_pinned") if fleet.everything else ("host_pinned",):
        (fleet.place / "report" / "report.json").unlink(missing_ok=True)
        done = fleet.run(PLAY % (name, DIAGNOSE))
        fine = done.rc == 2 and "set strategy: ansible.builtin.linear" in done.one_line and not fleet.report
        yield seen(name, "it is refused, and no report is made", fine, done)
    done = fleet.run(
        PLAY
        % (
            LINEAR,
            LOOPED.replace("loop: [1, 2]", "vars: {}") + REPORT[:-1].replace("run_once: true", "vars: {}"),
        )
    )
    fine = done.rc == 2 and "set run_once: true" in done.one_line
    yield seen("without run_once", "it is refused", fine, done)


def another_way(fleet: Fleet) -> Iterator[Check]:
    two(fleet)
    done = fleet.run(PLAY % (LINEAR, LOOPED + REPORT))
    fine = done.rc == 2 and "holds the results of a loop" in done.one_line and not fleet.report
    yield seen("loop", "it is refused, and no report is made", fine, done)
    done = fleet.run(PLAY % (LINEAR, DELEGATED + REPORT))
    fine = done.rc == 2 and "is the answer of web2" in done.one_line and not fleet.report
    yield seen("delegate_to", "it is refused, and no report is made", fine, done)
    done = fleet.run(
        PLAY % (LINEAR, DIAGNOSE),
        "--start-at-task",
        "webmedic.php_fpm.diagnose : Report*",
        ANSIBLE_DISPLAY_OK_HOSTS="true",
    )
    fine = done.rc == 2 and "no host has the variable" in done.one_line and not fleet.report
    yield seen("--start-at-task", "it is refused, and no report is made", fine, done)
    if not fleet.everything:
        return
    fleet.host("gone", None, "web")
    done = fleet.run(PLAY % (LINEAR, DELEGATED.replace("web2", "gone") + REPORT), "--limit", "web1,gone")
    fine = done.rc == 2 and "is the answer of gone" in done.one_line and not fleet.report
    yield seen("delegate_to a host that is gone", "it is refused", fine, done)


CASES = {
    "no host matches": no_host,
    "what skips tasks": skipped,
    "what could not be looked at": unseen,
    "no window": window,
    "other strategies": strategy,
    "results of another kind": another_way,
}
