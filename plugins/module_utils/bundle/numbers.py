# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers of cards and of bank accounts, known by their check digits however they are written."""

import re
from typing import Match

from ..parse.redact import GONE

# What stands between their groups. "?" is what redaction left of an odd blank.
_GAP = r"[ .?_-]"
_CARD = re.compile(
    r"(?<![0-9.])(?:(?:2[2-7]|[3-6][0-9])[0-9]{11,17}|[2-6][0-9]{3}(%s)(?:[0-9]{4}\1){2}[0-9]{1,7}"
    r"|3[0-9]{3}(%s)[0-9]{6}\2[0-9]{4,5})(?![0-9])" % (_GAP, _GAP),
    re.ASCII,
)
_GROUPS = re.compile(r"(?<![0-9])[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}(?![0-9])", re.ASCII)
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:%s?[A-Za-z0-9]{4}){2,7}(?:%s?[A-Za-z0-9]{1,4})?"
    r"(?![A-Za-z0-9])" % (_GAP, _GAP),
    re.ASCII,
)
_SHORTEST_IBAN = 15


def _card(match: Match[str]) -> str:
    """The number; GONE for a card's, by Luhn's check: ISO/IEC 7812-1."""
    digits = [int(digit) for digit in match.group() if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return match.group() if (sum(digits[-1::-2]) + sum(doubled)) % 10 else GONE


def _checked(word: str) -> bool:
    """ISO 7064, as ISO 13616 asks for."""
    plain = re.sub(_GAP, "", word)
    return (
        len(plain) >= _SHORTEST_IBAN
        and int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1
    )


def _iban(match: Match[str]) -> str:
    """The words behind it may look like groups of it: the longest beginning counts whose check is right."""
    text = match.group()
    ends = [gap.start() for gap in re.finditer(_GAP, text)] + [len(text)]
    end = next((end for end in reversed(ends) if _checked(text[:end])), 0)
    return GONE + text[end:] if end else text


def without_numbers(text: str) -> str:
    return _GROUPS.sub(GONE, _CARD.sub(_card, _IBAN.sub(_iban, text)))
