# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases of the gate: its role before, during and after a deploy."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.integration.gate_fails import failed, of_host, seen
from tests.integration.prepared_hosts import FINE, PAGE, PAGES, Answer, Fleet, finding, reply
from tests.run.checks import Check

BEFORE, AFTER = {"gate_phase": "before"}, {"gate_phase": "after"}
ILL = reply("failing", finding())
# A deploy as others write it. What it does to a host is that the host answers something else from then on.
ROLLING = """
- hosts: web
  strategy: ansible.builtin.linear
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
      vars: {gate_phase: before}

- hosts: web
  strategy: ansible.builtin.linear
  gather_facts: false
  serial: 2
%s
  tasks:
    - name: Deploy
      ansible.builtin.raw: >-
        cd {{ here }}; f=diagnosis_info; [ ! -e $f.deployed ] || mv $f.deployed $f; [ ! -e $f.broken ]
      tags: deploy
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
      vars: {gate_phase: after}

- hosts: web
  strategy: ansible.builtin.linear
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
      vars: {gate_phase: after}
"""
# As roles that deploy do it: a handler restarts what was deployed.
HANDLED = """
- hosts: web
  strategy: ansible.builtin.linear
  gather_facts: false
  serial: 1
  handlers:
    - name: Restart
      ansible.builtin.raw: cd {{ here }}; f=diagnosis_info; [ ! -e $f.deployed ] || mv $f.deployed $f
  tasks:
    - name: Deploy
      ansible.builtin.raw: "true"
      changed_when: true
      notify: Restart
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
      vars: {gate_phase: after, gate_baseline: "", gate_since: "{{ began }}"}
"""
RESCUE = """
- hosts: web
  strategy: ansible.builtin.linear
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.import_role:
            name: webmedic.php_fpm.gate
          vars: {gate_phase: before}
      rescue:
        - ansible.builtin.debug:
            msg: "RESCUED {{ inventory_hostname }} <{{ ansible_failed_result.msg }}>"
"""
FREE = """
- hosts: web
  strategy: free
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
      vars: {gate_phase: before}
"""


def policy(**parts: Any) -> Mapping[str, Any]:
    return {**BEFORE, "gate_policy": parts}


def kept(fleet: Fleet) -> dict[str, Any]:
    gate: dict[str, Any] = fleet.report.get("gate", {})
    return gate


def phases(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("healthy"), "web")
    fleet.host(
        "web2", reply("degraded", finding(cause="client_abort", reason=None, severity="warning")), "web"
    )
    done = fleet.run("gate", options=BEFORE)
    fine = done.rc == 0 and (fleet.place / "report" / "baseline.json").exists()
    yield seen("before", "it keeps the baseline", fine, done)
    yield seen(
        "before", "the last line is the verdict", "Gate before: open, with warnings." in done.output, done
    )
    done = fleet.run("gate", options=AFTER)
    yield seen("after", "a good deploy passes", done.rc == 0 and kept(fleet)["verdict"] == "warn", done)
    yield seen("after", "it says that a page was asked", "/ was asked of each site" in done.output, done)
    fleet.answers("web2", diagnosis_info=ILL)
    done = fleet.run("gate", options=AFTER)
    fine = done.rc == 2 and "fpm_not_running/stopped, new" in of_host(done, "web2")
    yield seen("after", "a new cause closes it", fine, done)
    yield seen("after", "the host that is well does not fail", failed(done)["web1"] == 0, done)
    fine = "Gate after: CLOSED. 2 hosts judged, 1 ill host: web2; 1 fail" in done.one_line
    yield seen("after", "one line says the verdict", fine, done)
    fleet.answers("web2", diagnosis_info=reply("not_applicable"))
    if fleet.everything:
        done = fleet.run("gate", options=AFTER)
        fine = done.rc == 2 and "route_gone" in of_host(done, "web2")
        yield seen("after", "a site that is gone closes it", fine, done)


def not_to_blame(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", ILL, "web")
    done = fleet.run("gate", options=BEFORE)
    yield seen("before", "what is ill closes it", done.rc == 2, done)
    done = fleet.run("gate", options=AFTER)
    yield seen(
        "after", "what was so before is a warning", done.rc == 0 and kept(fleet)["verdict"] == "warn", done
    )
    done = fleet.run("gate", options={**AFTER, "gate_baseline": "", "gate_since": time.time() - 60})
    yield seen("after", "without a baseline nothing was so before", done.rc == 2, done)


def rolling(fleet: Fleet) -> Iterator[Check]:
    for number in range(1, 7):
        fleet.host("web%d" % number, reply("healthy"), "web")
    fleet.answers("web3", ".deployed", diagnosis_info=ILL)
    done = fleet.run(ROLLING % "", "--tags", "deploy", ANSIBLE_DISPLAY_OK_HOSTS="true")
    went = sorted(set(re.findall(r"changed: \[(\w+)\]", done.output)))
    yield seen("rollout", "it stops at the first bad batch", went == ["web1", "web2", "web3", "web4"], done)
    ill = {host for host, count in failed(done).items() if count}
    yield seen("rollout", "the ill host fails, and no other", ill == {"web3"} and done.rc == 2, done)
    looks = fleet.calls("web5").count("diagnosis_info")
    yield seen("rollout", "other tags skip no gate", looks == 1, done)
    fleet.answers("web3", diagnosis_info=reply("healthy"))
    done = fleet.run(ROLLING % "", ANSIBLE_DISPLAY_OK_HOSTS="true")
    fine = done.rc == 0 and sorted(fleet.report["hosts"]) == ["web%d" % number for number in range(1, 7)]
    yield seen("rollout", "a good release passes, and its report has all", fine, done)
    if not fleet.everything:
        return
    fleet.answers("web2", ".deployed", diagnosis_info=ILL)
    done = fleet.run(ROLLING % "  max_fail_percentage: 50", ANSIBLE_DISPLAY_OK_HOSTS="true")
    fine = done.rc == 2 and {host for host, count in failed(done).items() if count} == {"web2"}
    last = "web6" in re.findall(r"changed: \[(\w+)\]", done.output)
    yield seen("max_fail_percentage", "the play goes on as it says", fine and last, done)
    fleet.answers("web2", diagnosis_info=reply("healthy"))
    fleet.answers("web4", ".broken", diagnosis_info=ILL)
    done = fleet.run(ROLLING % "", ANSIBLE_DISPLAY_OK_HOSTS="true")
    named = "web4: " in of_host(done, "web3") and "not asked since this gate began" in done.one_line
    ended = "web5" not in re.findall(r"changed: \[(\w+)\]", done.output)
    yield seen("rollout", "a host that dropped out in the deploy closes it", named and ended, done)


def handlers(fleet: Fleet) -> Iterator[Check]:
    for name in ("web1", "web2", "web3"):
        fleet.host(name, reply("healthy"), "web")
    fleet.answers("web2", ".deployed", diagnosis_info=ILL)
    done = fleet.run(HANDLED, options={"began": time.time() - 60})
    ill = {host for host, count in failed(done).items() if count}
    yield seen("web2", "what its handler breaks closes it", done.rc == 2 and ill == {"web2"}, done)
    yield seen("web3", "the next batch is not begun", "web3" not in failed(done), done)


def waits(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", ILL, "web")
    fleet.answers("web1", ".next", diagnosis_info=reply("healthy"))
    options = {**BEFORE, "gate_delay": 1}
    done = fleet.run("gate", options={**options, "gate_wait": 30})
    looks = fleet.calls("web1").count("diagnosis_info")
    yield seen("gate_wait", "it looks again until it is calm", done.rc == 0 and looks == 2, done)
    yield seen("gate_wait", "one table is printed", done.output.count("Gate before: ") == 1, done)
    notices = done.one_line.count("Closed so far, it looks again for up to")
    yield seen("gate_wait", "it says why it waits, once", notices == 1 and "Pausing" not in done.output, done)
    fleet.answers("web1", diagnosis_info=ILL)
    done = fleet.run("gate", options={**options, "gate_wait": 2})
    yield seen("gate_wait", "it stays closed when the time is over", done.rc == 2, done)
    unserved = {
        **PAGE,
        "ok": False,
        "status": 502,
        "by": "nginx",
        "endpoints": ["unix:/run/php/php8.2-fpm.sock"],
    }
    over = reply("recovered", finding(state="recovered", count=1, since=time.time()))
    fleet.answers("web1", site_page_info={**PAGES, "ok": False, "pages": [unserved]})
    fleet.answers("web1", ".next", site_page_info=PAGES, diagnosis_info=over)
    none = {"gate_policy": {"thresholds": {"lost_requests": 0}}, "gate_since": time.time() - 60}
    done = fleet.run("gate", options={**options, **AFTER, **none, "gate_wait": 30, "gate_baseline": ""})
    fine = done.rc == 0 and kept(fleet)["lost"] == 0
    yield seen("gate_wait", "the page of its first look is no lost request", fine, done)


def other_looks(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("healthy"), "web")
    problem: Answer = {
        "kind": "config_refused", "at": ["restart"], "severity": "critical", "confidence": "certain",
        "already": False, "program": "php-fpm", "unit": "php8.2-fpm.service", "config": "/etc/php-fpm.conf",
        "file": "/etc/www.conf", "line": 3, "pool": "www", "endpoint": None, "sites": ["shop.example"],
        "files": [], "summary": "php8.2-fpm.service would not start.", "fix": "Mend line 3.",
    }  # fmt: skip
    wrong = {**PAGE, "ok": False, "status": 502, "why": "It answered 502."}
    unasked = {**PAGE, "asked": False, "ok": None, "status": None, "why": "Its listener is not known."}
    cut = {"unit": "php8.2-fpm.service", "config": "/x", "running": 9, "waiting": 0, "grace": 0.0,
           "reload_cuts": 7, "reload_may_cut": 0, "restart_cuts": 9}  # fmt: skip
    failed_look = {"failed": True, "msg": "no python"}
    hosts: dict[str, tuple[dict[str, Answer], str]] = {
        "refused": ({"restart_info": {**FINE, "verdict": "fails", "problems": [problem]}},
                    "restart_fails/config_refused"),
        "untested": ({"restart_info": {**FINE, "verdict": "unknown"}}, "restart_unknown/not_tested"),
        "silent": ({"restart_info": failed_look}, "restart_unknown/no_answer"),
        "odd": ({"restart_info": {**FINE, "verdict": ["fine"]}}, "restart_unknown/no_answer"),
        "bad-page": ({"site_page_info": {**PAGES, "ok": False, "pages": [wrong]}}, "page_fails/server_error"),
        "no-page": ({"site_page_info": {**PAGES, "ok": False, "pages": [unasked]}}, "page_unknown/not_asked"),
        "mute": ({"site_page_info": failed_look}, "page_unknown/no_answer"),
    }  # fmt: skip
    for name, (answers, _words) in hosts.items():
        fleet.host(name, reply("healthy"), "web")
        fleet.answers(name, "", **answers)
    fleet.answers("web1", restart_info={**FINE, "cuts": [cut]})
    done = fleet.run("gate", options=BEFORE)
    for name, (_answers, words) in hosts.items():
        yield seen(name, "it fails and says why", words in of_host(done, name) and done.rc == 2, done)
    fine = failed(done)["web1"] == 0 and "would cut 7 of 9" in done.one_line
    yield seen("web1", "a reload that cuts is a warning", fine, done)
    done = fleet.run("gate", options={**policy(thresholds={"cut_requests": 5}), "gate_hosts": "web1"})
    fine = done.rc == 2 and "7 of 7 requests would be cut" in of_host(done, "web1")
    yield seen("cut_requests", "more than accepted closes it", fine, done)
    (fleet.place / "web1" / "asked").unlink()
    quiet = {"gate_restart": False, "gate_probe_path": "", "gate_hosts": "web1"}
    done = fleet.run("gate", options={**BEFORE, **quiet})
    only_diagnosed = fleet.calls("web1") == ["diagnosis_info"]
    yield seen("switched off", "neither is asked", only_diagnosed and kept(fleet)["verdict"] == "pass", done)


# By which a gate knows the names of a scope.
KNOWN = {
    "nginx": {
        "routes": [{"site": name, "server_names": [name]} for name in ("shop.example", "blog.example")]
    },
    "fpm": {"masters": [{"config": "/x", "pools": [{"name": "www"}, {"name": "blog"}]}]},
    "workers": [],
    "endpoints": {},
}


def policies(fleet: Fleet) -> Iterator[Check]:
    """shop.example is ill on one host of three, blog.example on another."""
    fleet.host("web1", ILL, "web")
    fleet.host(
        "web2", reply("failing", finding(site="blog.example", sites=["blog.example"], pool="blog")), "web"
    )
    fleet.host("web3", reply("healthy", snapshot=KNOWN), "web")
    waiver: Mapping[str, str] = {"cause": "fpm_not_running", "who": "ops", "why": "it is being moved"}
    cases: list[tuple[str, Mapping[str, Any], int, set[str]]] = [
        ("scope of a site", policy(scope={"sites": ["shop.*"]}), 2, {"web1"}),
        ("scope of a pool", policy(scope={"pools": ["blog"]}), 2, {"web2"}),
        ("a rule", policy(rules=[{"site": "blog.example", "decision": "warn"}]), 2, {"web1"}),
        ("a waiver", policy(waivers=[{**waiver, "until": "2999-12-31"}]), 0, set()),
        ("2 hosts are tolerated", policy(thresholds={"hosts": 2}), 0, set()),
        ("1 host is tolerated", policy(thresholds={"hosts": 1}), 2, {"web1", "web2"}),
        ("70 percent are tolerated", policy(thresholds={"hosts_percent": 70}), 0, set()),
        ("a waiver that is over", policy(waivers=[{**waiver, "until": "2020-01-31"}]), 2,
         {"web1", "web2", "web3"}),
    ]  # fmt: skip
    few = ("scope of a site", "70 percent are tolerated", "a waiver that is over")
    for name, options, code, ill in cases:
        if name not in few and not fleet.everything:
            continue
        done = fleet.run("gate", options=options)
        hit = {host for host, count in failed(done).items() if count}
        yield seen(name, "it ends with %d" % code, done.rc == code and hit == ill, done)
    fine = "was waived by ops until 2020-01-31, which is over" in done.one_line
    yield seen("a waiver that is over", "it is named", fine, done)


def mistakes(fleet: Fleet) -> Iterator[Check]:
    fleet.host("web1", reply("healthy"), "web")
    fleet.host("web2", reply("healthy"), "web")
    rules: Mapping[str, Mapping[str, Any]] = {
        "gate_policy.rules[0].cause": {"rules": [{"cause": "max_childs_exhausted", "decision": "pass"}]},
        "gate_policy.rules[0].decision": {"rules": [{"cause": "fpm_not_running", "decision": "skip"}]},
        "gate_policy.treshold": {"treshold": {"hosts": 3}},
    }
    cases: list[tuple[str, Mapping[str, Any], str]] = [
        *((place, policy(**parts), place) for place, parts in rules.items()),
        ("no phase", {}, "must be one of: before, after"),
        ("no window", {**BEFORE, "gate_window": 0}, "gate_window is 0"),
        ("neither yes nor no", {**BEFORE, "gate_restart": "ture"}, "convert to bool"),
        ("no seconds", {**BEFORE, "gate_wait": "1m"}, "convert to float"),
        ("no baseline", AFTER, "there is no baseline"),
        ("no time", {**AFTER, "gate_baseline": ""}, "gate_since is needed"),
        (
            "a wrong time",
            {**AFTER, "gate_since": "yesterday", "gate_baseline": ""},
            "gate_since is yesterday",
        ),
        ("no host", {**BEFORE, "gate_hosts": "wbe"}, "wbe is no host and no group of the inventory"),
    ]
    few = ("gate_policy.rules[0].cause", "no phase", "no baseline", "neither yes nor no")
    for name, options, words in cases:
        if name not in few and not fleet.everything:
            continue
        done = fleet.run("gate", options=options)
        fine = done.rc not in (0, 250) and words in done.one_line and not fleet.report
        yield seen(name, "it is an error that says so", fine, done)
    yield seen("mistakes", "no host was asked", not fleet.calls("web1") and not fleet.calls("web2"), done)
    done = fleet.run(FREE)
    fine = done.rc == 2 and "set strategy: ansible.builtin.linear" in done.one_line and not fleet.report
    yield seen("strategy free", "it is refused", fine, done)


def not_seen(fleet: Fleet) -> Iterator[Check]:
    fleet.host("gone", None, "web")
    fleet.host("dark", reply("unknown"), "web")
    fleet.host("web1", reply("healthy"), "web")
    done = fleet.run(RESCUE, ANSIBLE_DISPLAY_OK_HOSTS="true")
    words = dict(re.findall(r"RESCUED (\S+) <([^>]*)>", done.one_line))
    yield seen("unreachable", "it closes the gate", "host_unreachable" in words.get("gone", ""), done)
    yield seen("unknown", "it closes the gate", "host_unknown" in words.get("dark", ""), done)
    yield seen("rescue", "the host that is well is not rescued", set(words) == {"gone", "dark"}, done)
    baseline = json.loads((fleet.place / "report" / "baseline.json").read_text())
    yield seen("baseline", "it has all hosts", sorted(baseline["hosts"]) == ["dark", "gone", "web1"], done)


CASES = {
    "rolling deploy": rolling,
    "handlers of a deploy": handlers,
    "restart, reload and pages": other_looks,
    "policy": policies,
    "mistakes": mistakes,
    "before and after": phases,
    "gate_wait": waits,
    "not to blame": not_to_blame,
    "not seen": not_seen,
}
