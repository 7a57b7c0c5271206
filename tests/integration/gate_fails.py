# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of the gate: it fails the hosts that are ill, each with its own cause."""

import re
from collections.abc import Iterator, Mapping

from tests.integration.prepared_hosts import Fleet, Played, finding, reply
from tests.run.checks import Check

FAILING = {"diagnose_fail_on": ["failing"]}
OTHER = finding(
    cause="socket_permission_denied",
    code=2,
    reason="socket_mode",
    summary="www-data may not connect to /run/php/shop.sock.",
    evidence=[{"source": "probe", "path": "/run/php/shop.sock", "text": "EACCES"}],
)
RESCUE = """
- hosts: web
  gather_facts: false
  strategy: ansible.builtin.linear
  serial: "{{ batch_size | default('100%') }}"
  tasks:
    - block:
        - ansible.builtin.import_role:
            name: webmedic.php_fpm.diagnose
      rescue:
        - ansible.builtin.debug:
            msg: "RESCUED {{ inventory_hostname }} <{{ ansible_failed_result.msg }}>"
"""
ROLE = """
- hosts: web
  gather_facts: false
  strategy: ansible.builtin.linear
  serial: 2
%s
  tasks:
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.diagnose
    - ansible.builtin.debug:
        msg: "DEPLOYED {{ inventory_hostname }}"
"""


def seen(subject: str, what: str, fine: object, done: Played) -> Check:
    return Check(subject, what, None if fine else "rc %d: %s" % (done.rc, done.output[-2500:]))


def failed(done: Played) -> dict[str, int]:
    """Number of failed tasks by host, of the recap."""
    return {
        name: int(count) for name, count in re.findall(r"^(\S+) +: ok=.* failed=(\d+)", done.output, re.M)
    }


def of_host(done: Played, host: str) -> str:
    """What the engine printed of the failures of a host, in one line."""
    found = re.findall(r"(?:fatal|failed): \[%s\].*" % host, done.output)
    return " ".join(" ".join(found).split())


def four(fleet: Fleet) -> None:
    """Two of four hosts are ill, of different causes. The first is well."""
    fleet.host("web1", reply("healthy"), "web")
    fleet.host("web2", reply("failing", finding()), "web")
    fleet.host("web3", reply("healthy"), "web")
    fleet.host("web4", reply("failing", OTHER), "web")


def the_ill(fleet: Fleet) -> Iterator[Check]:
    four(fleet)
    done = fleet.run("diagnose", options=FAILING)
    yield seen("diagnose", "it ends with 2", done.rc == 2, done)
    ill = {name for name, count in failed(done).items() if count}
    yield seen("diagnose", "the ill hosts fail, and no other", ill == {"web2", "web4"}, done)
    for host, cause in (
        ("web2", "fpm_not_running/stopped"),
        ("web4", "socket_permission_denied/socket_mode"),
    ):
        words = of_host(done, host)
        yield seen(host, "its own cause and fix", cause in words and "Fix: " in words, done)


def rescued(fleet: Fleet) -> Iterator[Check]:
    four(fleet)
    done = fleet.run(RESCUE, options=FAILING, ANSIBLE_DISPLAY_OK_HOSTS="true")
    words = dict(re.findall(r"RESCUED (\S+) <([^>]*)>", done.one_line))
    yield seen("rescue", "the ill hosts are rescued, and no other", set(words) == {"web2", "web4"}, done)
    yield seen("web2", "the rescue has its cause", "fpm_not_running" in words.get("web2", ""), done)
    yield seen("web4", "the rescue has its cause", "socket_permission_denied" in words.get("web4", ""), done)
    yield seen("rescue", "the play ends well", done.rc == 0, done)


def batches(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("failing", finding()), "web")
    for name in ("web2", "web3", "web4"):
        fleet.host(name, reply("healthy"), "web")
    done = fleet.run(ROLE % "  max_fail_percentage: 60", options=FAILING, ANSIBLE_DISPLAY_OK_HOSTS="true")
    deployed = set(re.findall(r"DEPLOYED (\w+)", done.output))
    yield seen("serial", "a batch is judged by its own hosts", deployed == {"web2", "web3", "web4"}, done)
    whole = sorted(fleet.report.get("hosts", {}))
    yield seen("serial", "the report has the whole fleet", whole == ["web1", "web2", "web3", "web4"], done)
    yield seen("serial", "it ends with 2", done.rc == 2, done)


def stops(fleet: Fleet) -> Iterator[Check]:
    """What the play says of failures holds; where it says nothing, the first bad batch is the last."""
    four(fleet)
    cases: Mapping[str, tuple[str, set[str], set[str]]] = {
        "nothing said": ("", set(), {"web2"}),
        "any_errors_fatal": ("  any_errors_fatal: true", set(), {"web2"}),
        "max_fail_percentage 0": ("  max_fail_percentage: 0", set(), {"web2"}),
        "max_fail_percentage 49": ("  max_fail_percentage: 49", set(), {"web2"}),
        "max_fail_percentage 50": ("  max_fail_percentage: 50", {"web1", "web3"}, {"web2", "web4"}),
    }
    few = ("nothing said", "max_fail_percentage 50")
    for name, (words, deployed, ill) in cases.items():
        if name not in few and not fleet.everything:
            continue
        done = fleet.run(ROLE % words, options=FAILING, ANSIBLE_DISPLAY_OK_HOSTS="true")
        went = set(re.findall(r"DEPLOYED (\w+)", done.output))
        yield seen(name, "the rollout goes as far as it may", went == deployed, done)
        hit = {host for host, count in failed(done).items() if count}
        yield seen(name, "the ill hosts fail, and no other", hit == ill and done.rc == 2, done)


def remediated(status: str, result: str) -> dict[str, object]:
    """A host that a remediation has left like this."""
    answer = reply(status, finding())
    answer["remediation"].update(
        check_mode=False,
        outcome="done" if result == "fixed" else "nothing_to_do",
        status_before="failing",
        status_after=status,
        findings=[
            {
                **{name: finding()[name] for name in ("cause", "reason", "site", "endpoint", "pool")},
                "result": result,
                "before": None,
                "after": None,
                "why": "",
            }
        ],
    )
    return answer


def by_hand(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", remediated("failing", "escalated"), "web")
    fleet.host("web2", reply("healthy"), "web")
    done = fleet.run("remediate")
    yield seen("remediate", "a host left failing ends with 2", done.rc == 2, done)
    yield seen("web1", "it fails with its cause", "fpm_not_running/stopped" in of_host(done, "web1"), done)
    yield seen("web2", "it does not fail", failed(done).get("web2") == 0, done)
    calls = fleet.calls("web1")
    done = fleet.run("remediate", options={"remediate_fail_on": ["failed"]})
    fine = done.rc not in (0, 250) and "there is no status failed" in done.one_line
    yield seen("a mistyped status", "it is an error that names it", fine, done)
    yield seen("a mistyped status", "no host was asked", fleet.calls("web1") == calls, done)
    done = fleet.run("remediate", options={"remediate_fail_on": []})
    yield seen("remediate_fail_on []", "it ends well", done.rc == 0, done)
    done = fleet.run("remediate", "--check")
    yield seen("check mode", "nothing was mended, so nothing is judged", done.rc == 0, done)


def not_written(fleet: Fleet) -> Iterator[Check]:
    """The report has no place. That is nothing which a host could be blamed for."""
    four(fleet)
    nowhere = {f"{role}_report_dir": "/proc/webmedic" for role in ("gate", "diagnose")}
    options = {**FAILING, **nowhere, "gate_phase": "before", "gate_baseline": str(fleet.place / "x.json")}
    for playbook in ("diagnose", "gate"):
        done = fleet.run(playbook, options=options)
        ill = {name for name, count in failed(done).items() if count}
        yield seen(playbook, "the ill hosts fail, and no other", ill == {"web2", "web4"}, done)
        done = fleet.run(playbook, "--limit", "web1", options=options)
        fine = done.rc == 2 and "No report was written to /proc/webmedic" in of_host(done, "web1")
        yield seen(playbook, "where none is ill, it fails and says so", fine, done)


CASES = {
    "the ill host fails": the_ill,
    "block and rescue": rescued,
    "serial": batches,
    "when the rollout stops": stops,
    "remediate_fail_on": by_hand,
    "no place for the report": not_written,
}
