#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: report_upload
short_description: Hand the report of a run to a directory on a host, or to a server
version_added: 0.6.0
description:
  - Takes the folder that M(webmedic.php_fpm.fleet_report) wrote on the controller, and copies its files to a
    directory on the host of the task. That is the one of C(delegate_to).
  - Or it sends each file with an HTTP PUT from there.
  - The files are C(report.json), C(report.html), C(report.md), C(junit.xml), C(report.sarif) and
    C(report.prom), as far as they are there. C(report.json) comes last, so who finds it finds all.
  - The new place has the name of the run's folder. In AWX C(-job) and the number of the job follow. So two
    slices of a job cannot meet.
options:
  folder:
    description:
      - Path of the run's folder on the controller, as RV(webmedic.php_fpm.fleet_report#module:folder).
      - The folder and its files must belong to the account that runs Ansible. Links are refused.
      - Exactly one of O(folder) and O(file) is needed.
    type: path
  file:
    description:
      - Path of one file on the controller instead, such as RV(webmedic.php_fpm.report_bundle#module:path). No
        folder is made for it.
      - It must belong to the account that runs Ansible. A link is refused.
    type: path
    version_added: 0.7.0
  warn:
    description: Whether to say in a warning as well that the report did not arrive. For a task with
      C(failed_when=false).
    type: bool
    default: false
  to:
    description: The new place. Exactly one of O(to.directory) and O(to.url) is needed.
    type: dict
    required: true
    suboptions:
      host:
        description: Name of the host. The task goes there by its C(delegate_to), which must say the same.
        type: str
        default: localhost
      become:
        description: Whether the task has more rights there. The roles make it the C(become) of the task. This
          option does nothing by itself.
        type: bool
        default: false
      directory:
        description: Absolute path of a directory on the host. The folder is made in it. Missing directories
          are made.
        type: str
      url:
        description:
          - Where each file is sent to, from the host. V({file}) stands for its name, and must be in it.
            V({run}) stands for the name of the folder.
          - With O(file) it may be the URL of one object, as object storage presigns it, without V({file}). A
            presigned URL that is not valid any more is an error before anything is sent.
          - The server must answer with 200, 201, 202 or 204. A redirect is not followed, since it could lead
            what is in O(to.headers) elsewhere.
        type: str
      headers:
        description:
          - Headers of the requests, such as C(Authorization).
          - Give the task C(no_log), or a callback may show them.
        type: dict
        default: {}
      timeout:
        description: How many seconds the server may be silent. The keyword C(timeout) of the task bounds all
          of it.
        type: int
        default: 30
      validate_certs:
        description: Whether the certificate of the server must be valid.
        type: bool
        default: true
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: partial
    details:
      - The report is what an audit is for, so it is handed on in check mode as well.
      - But nothing is written on a host of the play, since an audit leaves no trace on what it looks at. The
        task is skipped there, with a warning.
notes:
  - It does the work with M(ansible.builtin.copy) and M(ansible.builtin.uri).
  - The password and the query of O(to.url) are in no message.
seealso:
  - module: webmedic.php_fpm.fleet_report
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Keep the report on a host of the inventory
  webmedic.php_fpm.report_upload:
    folder: "{{ fleet.folder }}"
    to:
      host: archive01
      directory: /srv/webmedic
  delegate_to: archive01
  become: false
  run_once: true

- name: Send it to a server
  webmedic.php_fpm.report_upload:
    folder: "{{ fleet.folder }}"
    to:
      url: https://reports.example/webmedic/{run}/{file}
      headers:
        Authorization: Bearer {{ report_token }}
  delegate_to: localhost
  become: false
  run_once: true
  no_log: true
  timeout: 300
"""

RETURN = r"""
arrived:
  description: Whether all files are at their new place. True as well where there was nothing to do, see
    RV(msg).
  returned: always
  type: bool
place:
  description: That place; none where there is none.
  returned: always
  type: str
  sample: archive01:/srv/webmedic/2026-11-26T001502Z
by:
  description: Name of the host that the task ran for.
  returned: always
  type: str
  sample: web01
uploaded:
  description: Names of the files.
  returned: always
  type: list
  elements: str
  sample: [report.html, report.json]
msg:
  description: Why the report did not arrive, or why it was not handed on; empty when it arrived.
  returned: always
  type: str
  sample: "The report did not arrive: PUT https://reports.example/webmedic/x/report.json: 403 Forbidden."
"""
