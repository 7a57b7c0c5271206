# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list of numbers, summed up in four."""

import math
from typing import Dict, Optional, Sequence


def spread(values: Sequence[Optional[int]]) -> Optional[Dict[str, int]]:
    """{min, median, p95, max} of those that are known, by nearest rank; None of none."""
    ranked = sorted(value for value in values if value is not None)
    if not ranked:
        return None

    def rank(share: float) -> int:
        return ranked[max(0, min(len(ranked) - 1, int(math.ceil(share * len(ranked))) - 1))]

    return {"min": ranked[0], "median": rank(0.5), "p95": rank(0.95), "max": ranked[-1]}
