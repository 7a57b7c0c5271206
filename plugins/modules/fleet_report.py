#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: fleet_report
short_description: Make one report and one table of what all hosts returned
version_added: 0.1.0
description:
  - Takes what M(webmedic.php_fpm.diagnosis_info) returned on every host of the play out of a registered
    variable. Writes C(report.json) on the controller and prints a table of the whole fleet, grouped by cause.
  - Takes what M(webmedic.php_fpm.remediation) returned as well. The table then begins with what was mended,
    what was not, and what is left to a person.
  - Hosts on which the module failed are in the report with the status V(unknown), hosts that could not be
    reached with V(unreachable). For that their task needs C(ignore_errors) and C(ignore_unreachable), as in
    the role P(webmedic.php_fpm.diagnose#role).
  - Runs on the controller alone and once for all hosts; use it with C(run_once=true).
options:
  variable:
    description:
      - Name of the variable in which the task with such a module was registered.
      - Exactly one of O(variable), O(replay) and O(bundle) is needed.
    type: str
  hosts:
    description: Hosts to report on instead of those of the play. Those without O(variable) are left out.
    type: list
    elements: str
  remediated:
    description:
      - Whether the hosts of this play were to be changed, and not only looked at. Of one that gave no answer
        the report then says so, and RV(unmended) is filled.
      - With C(serial), a line takes the place of the table until the last batch, or one that goes wrong.
    type: bool
    default: false
  replay:
    description:
      - Path of a C(report.json) to show again instead, or of the folder that it is in. Hosts whose snapshots
        it holds are diagnosed again by the rules of this version, the others are shown as they were. Writes
        nothing without O(replay_to).
    type: path
  replay_to:
    description: Directory for the files of that report. Of O(bundle) all files, in a new one for its owner.
    type: path
    version_added: 0.6.0
  bundle:
    description: Path of a file of M(webmedic.php_fpm.report_bundle), of any origin, to open and show.
    type: path
    version_added: 0.7.0
  bundle_key:
    description: Path of the identity, or of the SSH key, for a bundle of C(age).
    type: path
    version_added: 0.7.0
  report_dir:
    description:
      - Directory on the controller for the reports, made when it is missing. Relative to the directory
        from which the play was started.
      - Each run has a folder there, named after its time in UTC, with C(report.json), C(report.html),
        C(report.md), C(junit.xml), C(report.sarif) and C(report.prom). The link C(latest) leads to the
        newest, and the link C(report.json) to the report in it.
    type: path
    default: ./webmedic-report
  report_keep:
    description:
      - How many runs stay in O(report_dir), the newest of them. V(0) keeps all.
      - Only folders of runs are removed, and only where they hold nothing but the files of a report.
    type: int
    default: 30
    version_added: 0.6.0
  window:
    description: How many seconds the hosts looked back, 1 or more; goes into the report.
    type: int
    default: 900
  snapshot:
    description:
      - Whether to keep the snapshots that the hosts returned, so that the report can be replayed with
        P(webmedic.php_fpm.diagnose#filter).
    type: bool
    default: false
  print_table:
    description:
      - Whether to show the table.
      - The callback P(webmedic.php_fpm.brief#callback) or P(webmedic.php_fpm.table#callback) prints it last.
        Without one this task prints it where the stdout callback is V(default), V(debug), V(yaml) or V(diy).
        With any other, such as P(ansible.posix.json#callback) or V(minimal), nothing is printed, and the
        lines are in RV(table).
      - The width follows the terminal, or E(COLUMNS), from 80 to 160 columns; it is 100 where there is none.
    type: bool
    default: true
  risks:
    description: Whether to show the table of risks in place of that of causes. The report has both.
    type: bool
    default: false
    version_added: 0.7.0
  fail_on:
    description:
      - Statuses of hosts that the caller does not accept. They do not fail this task, but fill
        RV(complaints), so that the report and what follows it are published first.
      - Unless it is empty, V(unreachable) and V(unknown) are not accepted either; see O(accept_unseen).
    type: list
    elements: str
    choices: [failing, degraded, unreachable, unknown, recovered, healthy, not_applicable]
    default: []
  accept_unseen:
    description: Whether O(fail_on) accepts hosts that could not be looked at and are not in it.
    type: bool
    default: false
    version_added: 0.6.0
  gate:
    description:
      - Judges the hosts of this batch before or after a deploy, as P(webmedic.php_fpm.gate#role) does.
      - RV(complaints) is then made of this judgement, and O(fail_on) is not looked at.
    type: dict
    version_added: 0.6.0
    suboptions:
      phase:
        description: V(before) keeps the report as the baseline, V(after) compares with it.
        type: str
        required: true
        choices: [before, after]
      terms:
        description: Name of the variable in which M(webmedic.php_fpm.gate_terms) was registered. What a host
          answered before that is no look at it.
        type: str
        required: true
      report:
        description: Name of the variable in which this task is registered. A host that left the play since an
          earlier gate failed it has failed for itself already, so no other host fails in its place.
        type: str
        default: ""
      looked:
        description: RV(looked) of the look before this one; V(0) for the first look.
        type: float
        default: 0
      policy:
        description: The policy. Its schema is C(docs/policy.schema.json).
        type: raw
        default: {}
      baseline:
        description: Path of the baseline. Empty after a deploy without one.
        type: path
        default: ""
      since:
        description: When the deploy began, as epoch seconds or as a time with its zone. By default the time
          of the baseline.
        type: raw
      restart:
        description: Name of the variable in which M(webmedic.php_fpm.restart_info) was registered; empty
          where it was not asked.
        type: str
        default: ""
      pages:
        description: Name of the variable in which M(webmedic.php_fpm.site_page_info) was registered; empty
          where it was not asked.
        type: str
        default: ""
      path:
        description: The page that was asked for, to be shown.
        type: str
        default: ""
      wait:
        description: How many seconds a closed gate may look again.
        type: float
        default: 0
      delay:
        description: How many seconds lie between two looks. A hundredth of O(gate.wait) at least.
        type: float
        default: 10
      until:
        description: RV(until) of the look before this one; V(0) for the first look.
        type: float
        default: 0
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: full
    details:
      - The report is what the play is for, so it is written on the controller in check mode as well. No host
        is touched in either mode.
notes:
  - Everything that hosts returned is data. It is never templated, only known fields pass, and control
    characters never reach the terminal.
  - What a host returned counts as V(unknown), with the reason in the report, where a field is of the wrong
    type or out of bounds.
  - A saved report may be of any origin. It is at most 64 MiB large; the snapshots in it are diagnosed in
    about two seconds, or are an error of their host.
  - The task fails when the report cannot be written. It never fails because of a finding.
  - It makes no report, and fails, where the report would be wrong. So it is with the strategies C(free) and
    C(host_pinned), without C(run_once), with answers of a loop or of C(delegate_to), and where no host was
    asked.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask every host
  webmedic.php_fpm.diagnosis_info:
  register: diagnosis
  ignore_errors: true
  ignore_unreachable: true

- name: Report on all of them
  webmedic.php_fpm.fleet_report:
    variable: diagnosis
    report_dir: /var/lib/webmedic
    fail_on: [failing, unreachable, unknown]
  register: fleet
  run_once: true

- name: Show a saved report again
  webmedic.php_fpm.fleet_report:
    replay: /var/lib/webmedic/report.json

- name: Fail the hosts on which PHP is not reached
  ansible.builtin.fail:
    msg: "{{ fleet.complaints[inventory_hostname] }}"
  when: inventory_hostname in fleet.complaints
"""

RETURN = r"""
msg:
  description: How many hosts have which status, in one line.
  returned: always
  type: str
  version_added: 0.6.0
  sample: "12 hosts: 2 failing, 1 unreachable, 9 healthy"
table:
  description: The lines of the table, for who prints them. Text of hosts in them holds no control character.
  returned: when O(print_table=true) and this task did not print them
  type: list
  elements: str
  version_added: 0.6.0
  sample: ["12 hosts: 2 failing, 1 unreachable, 9 healthy", "looked back 15 min from 2026-11-26 00:15:02 UTC"]
table_colors:
  description: The colour of each line of RV(table), or none.
  returned: when a callback of this collection prints the table
  type: list
  version_added: 0.6.0
  sample: [red, null]
interim:
  description: Whether RV(table) is a line on the way, as between two batches, and not the last word.
  returned: when a callback of this collection prints the table
  type: bool
  version_added: 0.6.0
  sample: false
path:
  description: Absolute path of the report on the controller, if it could be written; O(replay) where given.
  returned: always
  type: str
  sample: /home/ops/webmedic-report/report.json
folder:
  description: Absolute path of the folder of this run, none when it could not be written.
  returned: when O(variable) is used
  type: str
  sample: /home/ops/webmedic-report/2026-11-26T001502Z
complaint:
  description: The hosts of RV(complaints) by status, in one line; empty when there are none.
  returned: always
  type: str
  sample: "2 failing: web01, web02; 1 unreachable: web09"
complaints:
  description: Of each host of this batch with a status that is not accepted its cause and the fix.
  returned: always
  type: dict
  sample:
    web01: "failing: PHP-FPM is not running (fpm_not_running/stopped). php8.2-fpm.service is stopped. Fix:
      systemctl start php8.2-fpm"
stops_rollout:
  description: Whether there are RV(complaints), and nothing in the play says what else to do, that is
    C(max_fail_percentage) or a block with a C(rescue).
  returned: when O(variable) is used
  type: bool
gate:
  description: The judgement without its reasons, which are in the report.
  returned: when O(gate) is used
  type: dict
  contains:
    phase:
      description: V(before) or V(after).
      type: str
      returned: always
    verdict:
      description: V(fail), V(warn) or V(pass).
      type: str
      returned: always
    summary:
      description: The verdict in one line.
      type: str
      returned: always
    since:
      description: When the deploy began, in epoch seconds.
      type: float
      returned: always
    baseline:
      description: Path of the baseline.
      type: str
      returned: always
    judged:
      description: How many hosts were judged.
      type: int
      returned: always
    ill:
      description: The hosts that fail.
      type: list
      elements: str
      returned: always
    lost:
      description: Requests that were lost since the deploy began.
      type: int
      returned: always
    counts:
      description: Number of reasons by decision.
      type: dict
      returned: always
again:
  description: Whether the gate is closed and there is time for another look. No report was written then. The
    task has said why in one line, once for each reason, and has waited RV(delay).
  returned: when O(gate) is used
  type: bool
why:
  description: What the gate is closed by so far.
  returned: when RV(again)
  type: str
  version_added: 0.9.0
until:
  description: When the time for looks is over, in epoch seconds.
  returned: when O(gate) is used
  type: float
looked:
  description: When this look was judged, in epoch seconds.
  returned: when O(gate) is used
  type: float
delay:
  description: How many seconds lie between two looks.
  returned: when O(gate) is used
  type: float
unmended:
  description: Why the remediation did not end well, by host of this batch; empty without O(remediated).
  returned: when O(variable) is used
  type: dict
  sample:
    web01: "undone, since it did not help or made something worse: fpm_not_running/stopped"
report:
  description: The report in brief, for M(ansible.builtin.set_stats). docs/artifact.schema.json declares it.
  returned: always
  type: dict
  contains:
    verdict:
      description: The worst status in the fleet.
      type: str
      returned: always
    counts:
      description: Number of hosts by status, every status present.
      type: dict
      returned: always
    generated_at:
      description: When it was made, in UTC.
      type: str
      returned: always
    run:
      description: Id of the run, which is the name of its folder.
      type: str
      returned: when it is known
    causes:
      description: Number of hosts by cause, the most frequent first, 50 at most.
      type: dict
      returned: always
    hosts:
      description: The causes found on each host, by host; an empty list where there are none. In a very large
        fleet, those for which 48 KiB have room, the worst hosts first.
      type: dict
      returned: always
    hosts_left_out:
      description: How many hosts there was no room for.
      type: int
      returned: always
    summary:
      description: Markdown of at most 4 KiB for a message. What is wrong, where, why, and the fix.
      type: str
      returned: always
    gate:
      description: What the gate decided. RV(report.verdict) is about the hosts alone.
      type: dict
      returned: when O(gate) is used
      contains:
        phase:
          description: V(before) or V(after).
          type: str
          returned: always
        verdict:
          description: V(fail), V(warn) or V(pass).
          type: str
          returned: always
        summary:
          description: The decision in one line.
          type: str
          returned: always
    remediation:
      description: Number of findings that were to be mended, RV(report.remediation.wanted), and by what
        became of them.
      type: dict
      returned: when a remediation ran
      contains:
        wanted:
          description: The sum of the others.
          type: int
          returned: always
        fixed:
          description: Whose cause is gone, proven.
          type: int
          returned: always
        rolled_back:
          description: Tried, did not help, undone.
          type: int
          returned: always
        escalated:
          description: Left to a person.
          type: int
          returned: always
        would_fix:
          description: Not tried, in check mode or since an earlier batch went wrong.
          type: int
          returned: always
  sample:
    verdict: failing
    counts:
      degraded: 0
      failing: 2
      healthy: 9
      not_applicable: 0
      recovered: 0
      unknown: 0
      unreachable: 1
    causes:
      fpm_not_running: 2
    generated_at: "2026-11-26T00:15:02Z"
    hosts:
      web01: [fpm_not_running]
      web02: [fpm_not_running]
      web03: []
    hosts_left_out: 0
    run: 2026-11-26T001502Z
    gate:
      phase: after
      verdict: fail
      summary: "Gate after: CLOSED. 3 hosts judged, 1 ill host: web01; 1 fail, 0 warn, 0 pass."
    summary: "**3 hosts: 2 failing, 1 healthy** ..."
"""
