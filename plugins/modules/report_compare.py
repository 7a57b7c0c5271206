#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: report_compare
short_description: Say what is different between two saved reports
version_added: 0.6.0
description:
  - Reads two reports that M(webmedic.php_fpm.fleet_report) wrote. Says which findings are new, which are gone
    and which are the same. Says which hosts came and went, and how many requests were lost in between.
  - A finding is the same one when host, cause, reason, site and endpoint are. Counts, times and process ids
    may differ.
  - What was found on a host that the later report could not look at is not gone. It is listed as unknown.
  - After a remediation, what counts is what it left.
  - How near each pool is to its limit is known where both reports were written with snapshots.
  - Runs on the controller alone. Asks no host.
options:
  before:
    description:
      - The earlier report. A path of a C(report.json), or of the folder of a run, or the name of such a
        folder in O(report_dir).
      - Without it, the newest run of O(report_dir) before O(after).
    type: path
  after:
    description: The later report, in the same way. Without it, the newest run of O(report_dir).
    type: path
  report_dir:
    description: Directory with the folders of runs, as O(webmedic.php_fpm.fleet_report#module:report_dir).
    type: path
    default: ./webmedic-report
  dest:
    description: Path of a file for RV(changes), as JSON. It is written in check mode, too.
    type: path
  page:
    description: Path of a file for the page of the later report, with what is different on it. It is written
      in check mode, too.
    type: path
  fail_on_new:
    description:
      - Whether the task fails where a finding is new, after the table was printed.
      - It also fails where a host was looked at before and could not be looked at any more.
    type: bool
    default: false
  print_table:
    description: Whether to print the table.
    type: bool
    default: true
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: full
notes:
  - A saved report may be of any origin. It is at most 64 MiB large, only known fields pass, and nothing in it
    is templated.
  - A time since which lost requests are counted may lie within the later report's window. Then their number
    lies between RV(changes.lost.at_least) and RV(changes.lost.at_most).
seealso:
  - module: webmedic.php_fpm.fleet_report
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: What is new since the run before
  webmedic.php_fpm.report_compare:
    report_dir: /var/lib/webmedic

- name: Fail where something is new since a deploy began
  webmedic.php_fpm.report_compare:
    before: /var/lib/webmedic/2026-11-25T001502Z
    after: /var/lib/webmedic/latest
    fail_on_new: true
  register: compared

- name: Keep the differences
  webmedic.php_fpm.report_compare:
    report_dir: /var/lib/webmedic
    dest: /var/lib/webmedic/changes.json
    print_table: false
"""

RETURN = r"""
before:
  description: Path of the earlier report.
  returned: success
  type: str
  sample: /var/lib/webmedic/2026-11-25T001502Z/report.json
after:
  description: Path of the later report.
  returned: success
  type: str
  sample: /var/lib/webmedic/2026-11-26T001502Z/report.json
complaint:
  description: What O(fail_on_new) fails on, in one line; empty when there is nothing.
  returned: success
  type: str
  sample: "new: fpm_not_running/stopped on web01, web02"
changes:
  description: What is different.
  returned: success
  type: dict
  contains:
    before:
      description: When the earlier report was made, in UTC.
      type: str
      returned: always
    after:
      description: When the later report was made.
      type: str
      returned: always
    new:
      description: Findings that were not there before, were over, or were only latent. Each has C(host),
        C(cause), C(reason), C(site), C(sites), C(endpoint), C(pool), C(severity), C(was) and C(now) (its
        states), C(was_severity), C(was_sites), C(looked), C(since), C(lost_before), C(lost_after),
        C(lost_in_both), C(title) and C(fix). C(looked) is false where the earlier report could not look at
        the host, so that the finding may be older. C(sites_left) and C(was_sites_left) say how many sites
        are not named; they are not there before 0.14.0.
      type: list
      elements: dict
      returned: always
    gone:
      description: Findings that are not there any more, or are over.
      type: list
      elements: dict
      returned: always
    same:
      description: Findings of both reports.
      type: list
      elements: dict
      returned: always
    unknown:
      description: Findings of before, on hosts that the later report could not look at.
      type: list
      elements: dict
      returned: always
    came:
      description: Hosts that only the later report has.
      type: list
      elements: str
      returned: always
    went:
      description: Hosts that only the earlier report has.
      type: list
      elements: str
      returned: always
    hosts:
      description: Hosts whose status is another, with C(host), C(was) and C(now).
      type: list
      elements: dict
      returned: always
    lost:
      description: Requests that were lost since the earlier report was made.
      type: dict
      returned: always
      contains:
        since:
          description: That time, in epoch seconds.
          type: float
          returned: always
        at_least:
          description: So many are certain.
          type: int
          returned: always
        at_most:
          description: More are not known of. The rest may have been lost before.
          type: int
          returned: always
        unread:
          description: Seconds since then of which no log was read. What was lost in them is unknown.
          type: int
          returned: always
        causes:
          description: Number of lost requests by cause, at most.
          type: dict
          returned: always
    saturation:
      description: Pools of both reports, the nearest to their limit first. Each has C(host), C(config),
        C(pool), C(endpoint), C(before) and C(after) with C(busy), C(max_children), C(queue) and C(backlog),
        and C(trend), which is V(nearer), V(farther), V(same) or V(unknown).
      type: list
      elements: dict
      returned: always
    saturation_unknown:
      description: Hosts of both reports without a snapshot in one of them.
      type: list
      elements: str
      returned: always
"""
