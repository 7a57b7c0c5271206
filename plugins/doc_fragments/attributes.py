# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes that modules share. Values that they return cannot be shared in this way."""


class ModuleDocFragment:
    # Of all that run on hosts. It is followed by INFO or by CHANGE.
    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed
      on the controller.
    support: partial
    details:
      - The module runs on the host. Its answer is bounded and cleaned on the controller before anything uses
        it; with C(async) the engine itself fetches the answer, as it is.
  platform:
    description: Operating systems on which the module works.
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/webmedic.php_fpm.info) in C(module_defaults) to set defaults for all modules
      that look.
    support: full
    membership:
      - webmedic.php_fpm.all
      - webmedic.php_fpm.info
  check_mode:
    description: Can run in C(check_mode) and return what a normal run returns.
    support: full
    details:
      - This module only looks; it changes nothing on the host in either mode.
  diff_mode:
    description: Returns details of what has changed, or would change, in C(diff_mode).
    support: N/A
    details:
      - There is never a change to show.
"""

    CHANGE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/webmedic.php_fpm.change) in C(module_defaults) to set defaults for all modules
      that change.
    support: full
    membership:
      - webmedic.php_fpm.all
      - webmedic.php_fpm.change
  check_mode:
    description: Can run in C(check_mode) and return what a normal run would do, without doing it.
    support: full
  diff_mode:
    description: Returns details of what has changed, or would change, in C(diff_mode).
    support: full
"""

    # Of those that run on the controller alone, as action plugins.
    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed
      on the controller.
    support: full
  action_group:
    description: Use C(group/webmedic.php_fpm.controller) in C(module_defaults) to set defaults for all
      modules of the controller.
    support: full
    membership:
      - webmedic.php_fpm.all
      - webmedic.php_fpm.controller
  bypass_host_loop:
    description: Runs once for all hosts of the play; it asks for C(run_once) rather than force it.
    support: none
  diff_mode:
    description: Returns details of what has changed, or would change, in C(diff_mode).
    support: none
  platform:
    description: Where it works.
    support: full
    platforms: all
"""
