# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes every fleet of the lab, and every virtual machine."""

import re

from tests.lab.vm import machine
from tests.run import hosts


def main() -> None:
    for fleet in re.findall(r"^fleet (\S+): ", hosts.lab("list"), re.M):
        print("%s: %s" % (fleet, hosts.lab("down", fleet)), end="")
    for name in machine.end_all():
        print("%s: the machine is ended" % name)


if __name__ == "__main__":
    main()
