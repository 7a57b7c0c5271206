# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis of a saved snapshot, on the controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import (
    diagnose_ahead as examine,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.confined import Unfinished, confined
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.snapshot import read
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.nginx_refusals import worded

DOCUMENTATION = r"""
name: diagnose
short_description: Diagnose a saved snapshot of a host
version_added: 0.1.0
description:
  - Gives the same findings, plan and status as M(webmedic.php_fpm.diagnosis_info) gave on the host, from the
    snapshot that it returned. That of M(webmedic.php_fpm.risk_info) gives the risks as well.
  - Runs on the controller and asks no host. So a snapshot can be replayed with a newer version of the
    collection, elsewhere, or after the host is gone.
  - Strings of the snapshot are never templated, and hidden characters in them are replaced.
  - It takes 5 seconds at most, in a process of its own; a snapshot that would take longer is an error.
positional: _input
options:
  _input:
    description: A snapshot, as RV(webmedic.php_fpm.diagnosis_info#module:snapshot) or C(hosts.NAME.snapshot)
      of a C(report.json).
    type: dict
    required: true
  advice:
    description: Whether to add C(title), C(fix), C(advice), C(do_not) and C(doc) to each finding.
    type: bool
    default: true
author:
  - webmedic.php_fpm contributors (@webmedic)
seealso:
  - module: webmedic.php_fpm.diagnosis_info
"""

EXAMPLES = r"""
- name: Diagnose again what a host looked like then
  ansible.builtin.debug:
    msg: "{{ (saved.hosts['web01'].snapshot | webmedic.php_fpm.diagnose).findings | map(attribute='summary')
      }}"
  vars:
    saved: "{{ lookup('ansible.builtin.file', 'webmedic-report/report.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: C(status), C(findings), C(plan) and C(missing), as M(webmedic.php_fpm.diagnosis_info) returns
    them.
  type: dict
"""


SECONDS = 5.0


def examined(snapshot: Any, seconds: float) -> dict[str, Any]:
    """{status, findings, plan, missing} of a snapshot of any origin. Raises Unfinished."""
    verdict: dict[str, Any] = confined(lambda: examine(read(snapshot)), seconds)
    return verdict


def diagnose(snapshot: Any, advice: bool = True) -> dict[str, Any]:
    """{status, findings, plan, missing} of a snapshot. Raises AnsibleFilterError when it is none."""
    try:
        verdict = examined(snapshot, SECONDS)
    except Unfinished as error:
        raise AnsibleFilterError(
            "webmedic.php_fpm.diagnose cannot diagnose this snapshot, %s; pass hosts.NAME.snapshot of a "
            "report written with diagnose_snapshot=true" % error
        ) from None
    if advice:
        verdict["findings"] = [catalogue.enrich(finding) for finding in verdict["findings"]]
        verdict["missing"] = [worded(entry) for entry in verdict["missing"]]
    result: dict[str, Any] = wrap_var(verdict)
    return result


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"diagnose": diagnose}
