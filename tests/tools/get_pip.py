# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for the get-pip.py that ansible-test downloads from its own server, for machines that reach only a
package index.

ansible-test runs it inside an empty venv, with arguments such as C(--disable-pip-version-check pip==24.2).
The pip that ensurepip carries is recent enough, so the wanted version is ignored.
"""

import ensurepip

ensurepip.bootstrap(default_pip=True)
