# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far back and how long a module looks."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  window:
    description:
      - How many seconds to look back from now, 1 or more.
    type: int
    default: 900
"""

    DIAGNOSIS = r"""
options:
  window:
    description: How many seconds of log to read, back from now, 1 or more. Older lines never decide.
    type: int
    default: 900
  probe_timeout:
    description:
      - How many seconds a worker may take to answer the probe before its pool counts as exhausted.
      - The module waits that long only where nobody answers.
    type: float
    default: 3.0
  snapshot:
    description:
      - Whether to return the snapshot that the findings were made from, to be saved and replayed
        with P(webmedic.php_fpm.diagnose#filter).
    type: bool
    default: false
"""
