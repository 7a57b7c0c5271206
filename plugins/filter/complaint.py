# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a host with a status that the caller does not accept fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import complaints
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.bounds import STATUSES
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report

DOCUMENTATION = r"""
name: complaint
short_description: Say why a host is not accepted, by its status, its cause and the fix
version_added: 0.6.0
description:
  - Takes what M(webmedic.php_fpm.diagnosis_info) or M(webmedic.php_fpm.remediation) returned on a host. Gives
    one line with its status, its first cause and the fix; empty where the status is accepted.
  - Strings of the host are never templated, and hidden characters in them are replaced.
positional: _input, fail_on
options:
  _input:
    description: The registered result of one host.
    type: dict
    required: true
  fail_on:
    description: Statuses that are not accepted. Unless it is empty, V(unreachable) and V(unknown) are not
      accepted either.
    type: list
    elements: str
    required: true
  accept_unseen:
    description: Whether V(unreachable) and V(unknown) are accepted where O(fail_on) does not name them.
    type: bool
    default: false
author:
  - webmedic.php_fpm contributors (@webmedic)
seealso:
  - module: webmedic.php_fpm.fleet_report
"""

EXAMPLES = r"""
- name: Fail the host with its own cause
  ansible.builtin.fail:
    msg: "{{ seen | webmedic.php_fpm.complaint(['failing']) }}"
  when: seen | webmedic.php_fpm.complaint(['failing']) | length > 0
"""

RETURN = r"""
_value:
  description: Why the host is not accepted, in one line; empty where it is.
  type: str
"""


def complaint(result: Any, fail_on: Sequence[str], accept_unseen: bool = False) -> str:
    """Raises AnsibleFilterError for a word that is no status."""
    unknown = [str(word) for word in fail_on if word not in STATUSES]
    if unknown:
        raise AnsibleFilterError(
            "there is no status %s: they are %s" % (", ".join(unknown), ", ".join(STATUSES))
        )
    entry = report.host_entry(result)
    why: str = wrap_var(complaints.complaint(entry, complaints.refused(fail_on, accept_unseen)))
    return why


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"complaint": complaint}
