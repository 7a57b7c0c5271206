# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator allows a remediation to do."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  max_risk:
    description: Actions of a higher risk than this are left to a person.
    type: str
    choices: [low, medium, high]
    default: medium
  max_disruption:
    version_added: 0.4.0
    description: What a running request may suffer at most. An action that would do more is left to a person.
    type: str
    choices: [none, reload, restart]
    default: restart
  max_cut:
    version_added: 0.4.0
    description: How many running requests an action may cut. While more of them run, it is left to a person.
      Requests that wait behind others whose clients have given up are lost already and do not count here.
    type: int
    default: 10
  quiet_wait:
    version_added: 0.4.0
    description: How many seconds an action waits for a moment in which it cuts no request, before it goes on
      within O(max_cut).
    type: float
    default: 10.0
  managed_files:
    version_added: 0.4.0
    description: Files that configuration management writes. V(leave) leaves them to a person, with the change
      to make; V(edit) edits them, and the next run of that tool may undo it.
    type: str
    choices: [leave, edit]
    default: leave
  only:
    description:
      - Ids of actions or of causes. Unless it is empty, nothing else is done.
      - An endpoint, such as V(unix:/run/php/shop.sock) or V(127.0.0.1:9000), lets only actions be done whose
        findings are all about the endpoints that are named (since 0.7.0).
    type: list
    elements: str
    default: []
  skip:
    description: Ids of actions or of causes that are left to a person.
    type: list
    elements: str
    default: []
  probe_path:
    description: What is requested of each site through nginx, before and after. An empty string turns this
      request off; the probe remains.
    type: str
    default: /
  verify_timeout:
    description: How many seconds an action may take to show that it helped. It waits no longer than needed.
    type: float
    default: 30.0
  max_repeats:
    description: How often the same action may be tried on the same unit or file within O(repeat_period).
    type: int
    default: 2
  repeat_period:
    description: How many seconds an action is remembered for O(max_repeats).
    type: int
    default: 3600
  swap_size:
    description: How large a swap file may be made where the whole host ran out of memory, as in V(1G). An
      empty string allows none.
    type: str
    default: ""
"""
