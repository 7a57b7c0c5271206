#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: report_merge
short_description: Make one report of several saved ones
version_added: 0.6.0
description:
  - Reads reports that M(webmedic.php_fpm.fleet_report) wrote, as the slices of a job leave them, and writes
    one of all their hosts. Prints its table.
  - Of a host in more than one report, the newest report counts. RV(notes) names such hosts. It also says
    where the reports differ in window, version, playbook or mode.
  - The summary is made anew of the hosts.
  - Runs on the controller alone. Asks no host.
options:
  reports:
    description:
      - What to merge. Each item is the path of a C(report.json), or a pattern of such paths. It may be the
        folder of a run, or a directory with one such folder for each slice.
      - One item without a report, or with one that cannot be read, fails the task. So does the folder of a
        run without its report.
      - Of a directory nobody knows how many slices should be there, unless O(slices) says it.
    type: list
    elements: path
    required: true
  slices:
    description: How many reports there must be. A slice that was cancelled leaves none, and the others would
      look like the whole fleet.
    type: int
    version_added: 0.9.0
  report_dir:
    description: Directory for the merged report, as
      O(webmedic.php_fpm.fleet_report#module:report_dir).
    type: path
    default: ./webmedic-report
  report_keep:
    description: How many runs stay in O(report_dir), the newest of them. V(0) keeps all.
    type: int
    default: 30
  print_table:
    description: Whether to print the table.
    type: bool
    default: true
  fail_on:
    description:
      - Statuses of hosts that the caller does not accept. They do not fail this task, but fill RV(complaint),
        so that the report is published first.
      - Unless it is empty, V(unreachable) and V(unknown) are among them.
    type: list
    elements: str
    choices: [failing, degraded, unreachable, unknown, recovered, healthy, not_applicable]
    default: []
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: full
    details:
      - The report is written on the controller in check mode as well. No host is touched in either mode.
notes:
  - A saved report may be of any origin. It is at most 64 MiB large, only known fields pass, and nothing in it
    is templated.
seealso:
  - module: webmedic.php_fpm.fleet_report
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: One report of all slices
  webmedic.php_fpm.report_merge:
    reports: [/srv/webmedic/slices]
    slices: 3
    report_dir: /srv/webmedic/fleet
    fail_on: [failing, unreachable, unknown]
  register: fleet

- name: Publish its verdict
  ansible.builtin.set_stats:
    data:
      webmedic: "{{ fleet.report }}"
    per_host: false
    aggregate: false
"""

RETURN = r"""
path:
  description: Absolute path of the merged report, none when it could not be written.
  returned: success
  type: str
  sample: /srv/webmedic/fleet/report.json
folder:
  description: Absolute path of the folder of this run, none when it could not be written.
  returned: success
  type: str
  sample: /srv/webmedic/fleet/2026-11-26T001502Z
merged:
  description: Paths of the reports that were read.
  returned: success
  type: list
  elements: str
  sample: [/srv/webmedic/slices/1/report.json, /srv/webmedic/slices/2/report.json]
notes:
  description: What does not fit together, in sentences.
  returned: success
  type: list
  elements: str
  sample: ["1 host is in more than one report: web07. The newest counts."]
complaint:
  description: Hosts with a status that is not accepted, in one line; empty when there are none.
  returned: success
  type: str
  sample: "2 failing: web01, web02; 1 unreachable: web09"
report:
  description: The merged report in brief, as RV(webmedic.php_fpm.fleet_report#module:report).
  returned: success
  type: dict
"""
