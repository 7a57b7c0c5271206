# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A worker that crashed while it ran code of PHP's JIT compiler."""

from typing import TYPE_CHECKING

from ..model import evidence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.memory import Segfault

NX = 0x15  # x86: a page that may not run
WORDS = "it ran code of PHP's JIT compiler (opcache.jit)"
NX_WORDS = ", where its memory may not be run: see MemoryDenyWriteExecute= of the unit, or SELinux"


def jit_code(fault: "Segfault") -> "Evidence":
    """fault: in opcache's shared memory."""
    return evidence("kernel", WORDS + (NX_WORDS if fault.get("error") == NX else ""))
