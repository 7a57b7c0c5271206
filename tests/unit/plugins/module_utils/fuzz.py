# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes what nobody would write out of what hosts really said. The same seed makes the same inputs.

WEBMEDIC_FUZZ_SECONDS lengthens each test to so many seconds, from random seeds. What fails tells its seed:
WEBMEDIC_FUZZ_SEED tries that one alone.
"""

import copy
import os
import random
import time
from typing import Any, Callable, Dict, Iterator, List, Sequence, Set, Tuple

SECONDS = float(os.environ.get("WEBMEDIC_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("WEBMEDIC_FUZZ_SEED", "0"))
ROUNDS = 150  # of each test, without the variable
SLOWEST = 2.0  # seconds of processor for one input: a guard against hangs, no measure

TOKENS = (
    "\u00b2",
    "\u0667",
    "9" * 30,
    "9" * 5000,
    "-1",
    "0",
    "\0",
    "\r",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "\u2028",
    '"',
    "'",
    "${",
    "$",
    "}",
    "{",
    ";",
    "[",
    "]",
    "#",
    "\\",
    "\n",
    "\n\n",
    " " * 200,
    "\t",
    "../",
    "/",
    "unix:",
    ":",
    "::",
    "include /*;",
    "include=/*\n",
    "%s",
    "{{ x }}",
    "=",
    "=>",
    "(",
    ")",
    ", client: ",
    ' HTTP/1.1"',
    "\n[www]\n",
    "x_by_lua_block {",
    "[==[",
    "a" * 3000,
)
NUMBERS = (0, 1, -1, 7, 2**31, 2**63, 10**15, 0.0, -0.5, 1e-9, 1e18)
WRONG = (
    None,
    True,
    False,
    "",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    10**400,
    1e308,
    float("inf"),
    float("nan"),
    -1,
    "\u202e\x1b[31m",
    "9" * 5000,
    "\ud800",
)


def seeds() -> Iterator[int]:
    """The first ROUNDS; or random ones, as many as fit into the time."""
    if SEED:
        yield SEED
    elif SECONDS:
        print("seeds are random, a failure tells its own")
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            yield random.SystemRandom().randrange(ROUNDS, 1 << 40)
    else:
        yield from range(1, ROUNDS)


def guarded(work: Callable[[Any], Any], value: Any, seed: int) -> Any:
    """What work makes of it. An exception, or a time that no input of this size is worth, tells the seed."""
    before = time.process_time()
    try:
        result = work(value)
    except Exception as error:
        raise AssertionError("seed %d: %s: %s" % (seed, type(error).__name__, str(error)[:300])) from error
    assert time.process_time() - before < SLOWEST, "seed %d took %.1f s" % (
        seed,
        time.process_time() - before,
    )
    return result


def text(source: random.Random, samples: Sequence[str]) -> str:
    """A piece of a sample with some things done to it."""
    made = _piece(source, source.choice(samples), 4000)
    for _time in range(source.randrange(1, 6)):
        at, length = source.randrange(len(made) + 1), source.randrange(1, 200)
        what = source.randrange(6)
        if what == 0:
            made = made[:at] + made[at + length :]
        elif what == 1:
            made = made[:at] + made[at : at + length] * source.randrange(2, 30) + made[at + length :]
        elif what == 2:
            made = made[:at] + _piece(source, source.choice(samples), 300) + made[at:]
        elif what == 3:
            made = made[:at] + chr(source.randrange(1, 0x250)) + made[at + 1 :]
        else:
            made = made[:at] + source.choice(TOKENS) * source.choice((1, 1, 1, 2, 40)) + made[at:]
    return made[:60000]


def _piece(source: random.Random, sample: str, most: int) -> str:
    at = source.randrange(len(sample) + 1) if len(sample) > most or source.randrange(4) == 0 else 0
    return sample[at : at + most]


def data(source: random.Random, samples: Sequence[bytes]) -> bytes:
    return text(source, [sample.decode("latin-1") for sample in samples]).encode("latin-1", "replace")


Path = Tuple[Any, ...]
# The keys of these are names, not fields.
NAMED = ("endpoints", "params", "directives", "options", "counters")


def walk(value: Any, path: Path = (), shape: Path = ()) -> Iterator[Tuple[Path, Path]]:
    """(where it is, the same with * for what is counted or named) of all values inside."""
    yield path, shape
    if isinstance(value, dict):
        for key, part in value.items():
            yield from walk(part, path + (key,), shape + ("*" if shape and shape[-1] in NAMED else key,))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from walk(part, path + (number,), shape + ("*",))


def get(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def seen_at(samples: Sequence[Any]) -> Dict[Path, List[Any]]:
    """What real hosts have at each place, each once."""
    found: Dict[Path, List[Any]] = {}
    known: Set[str] = set()
    for sample in samples:
        for path, shape in walk(sample):
            part = get(sample, path)
            mark = "%r %r" % (shape, part)
            if len(mark) < 3000 and mark not in known:
                known.add(mark)
                found.setdefault(shape, []).append(part)
    return found


def like(source: random.Random, sample: Any, known: Dict[Path, List[Any]]) -> Any:
    """A copy in which some places hold what other hosts have there, another number, a longer text, fewer or
    more entries.
    """
    made = copy.deepcopy(sample)
    for _time in range(source.randrange(1, 8)):
        path, shape = source.choice([pair for pair in walk(made) if pair[0]])
        place, old = get(made, path[:-1]), get(made, path)
        what = source.randrange(4)
        if what == 0 and isinstance(old, list) and old:
            place[path[-1]] = old * 2 if source.randrange(2) else old[: source.randrange(len(old))]
        elif what == 1 and isinstance(old, (int, float)) and not isinstance(old, bool):
            place[path[-1]] = type(old)(source.choice(NUMBERS))
        elif what == 2 and isinstance(place, dict) and shape[-1] == "*":
            del place[path[-1]]
        else:
            place[path[-1]] = copy.deepcopy(source.choice(known.get(shape, [old])))
    return made


def broken(source: random.Random, sample: Any) -> Any:
    """A copy in which some places hold what no host has there, or nothing, or one key more."""
    made = copy.deepcopy(sample)
    for _time in range(source.randrange(1, 5)):
        path = source.choice([way for way, _shape in walk(made) if way] or [()])
        if not path:
            break
        place = get(made, path[:-1])
        what = source.randrange(4)
        if what == 0:
            del place[path[-1]]
        elif what == 1 and isinstance(place, dict):
            place[source.choice(TOKENS)[:100]] = copy.deepcopy(source.choice(WRONG))
        else:
            place[path[-1]] = copy.deepcopy(source.choice(WRONG))
    return made
