# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of cause 7: an answer came, and nginx could not read it."""

from typing import Optional, Sequence

from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meanings
from ..case import Case
from ..model import Cause, Loss, Match, Reason, sample


def was_held(cause: Cause, case: Case) -> Optional[Match]:
    """php-fpm itself speaks FastCGI: what did not had the address before it."""
    lost, masters = case.lost(meanings("not_fastcgi")), [owner.master for owner in case.running]
    if not lost or not case.answers or not masters:
        return None
    # The clock of processes is early by up to a second, that of systemd is not, and a reload moves it.
    began = min([(each["started_at"] or 0.0) + LOG_SECOND for each in masters])
    loaded = min([each["loaded_at"] or 0.0 for each in masters])
    if lost[-1].at > began or lost[-1].at + LOG_SECOND > loaded:
        return None
    words = "What held %s until php-fpm was started there did not speak FastCGI." % case.key
    reason = Reason(words, [sample(lost[-1].event)], lost, confidence="likely", state="recovered")
    return Match(cause, "not_fastcgi", reason)


def broke_the_format(cause: Cause, case: Case, lost: Sequence[Loss]) -> Match:
    words = "php-fpm's answer on %s broke the FastCGI or CGI format." % case.key
    reason = Reason(words, [sample(lost[-1].event)], lost, confidence="likely", severity="warning")
    return Match(cause, "protocol_error", reason)
