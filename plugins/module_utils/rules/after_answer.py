# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers that have answered and work on: fastcgi_finish_request() closes the request's connection."""

from .case import Case
from .held import Held
from .model import evidence

REASON = "after_answer"
BY = "what their pages do after the answer was sent (fastcgi_finish_request), for which no visitor waits"


def after_answer(case: Case, workers: int) -> Held:
    text = "%s: none of %d workers has a connection, and none takes a new one" % (case.key, workers)
    return Held(REASON, BY, [evidence("socket", text)], False)
