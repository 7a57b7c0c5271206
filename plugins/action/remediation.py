# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation returns passes a reader on the controller."""

from __future__ import annotations

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.answer import Answer


class ActionModule(Answer):
    must_diagnose = True
