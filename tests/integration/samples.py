# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up configurations for the real daemons, each with an edit.

The generators of the property tests make them, but with names and values that the daemons know.
``python3 -m tests.integration.samples SEED COUNT`` prints {"fpm": [...], "nginx": [...]} as JSON. Each sample
has the fields of Sample. PYTHONPATH must hold the tree of the collection.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import set_directive
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

from tests.unit.plugins.module_utils.edit import fpm_made as fpm
from tests.unit.plugins.module_utils.edit import nginx_made as nginx

FPM_HOME, NGINX_HOME = "/root/edits/fpm%d", "/root/edits/nginx%d"


class Sample(NamedTuple):
    """A configuration and its edit.

    main: the path that the daemon starts with. files: {path: text} before the edit. edited: the changed files
    after it. wrong: the changed files after an edit that the daemon must refuse. shown: what the daemon
    prints after the edit: for php-fpm [section, name, value], for nginx the directive.
    """

    main: str
    files: dict[str, str]
    edited: dict[str, str]
    wrong: dict[str, str]
    shown: list[str]


NUMBERS = [("5", ["5", '"5"', "'5'"]), ("7", ["7", '"7"'])]
WORDS = [pair for pair in fpm.SPELLINGS if pair[0] not in ("", "1")]
TIMES = [("5s", ["5", "5s", '"5s"']), ("60s", ["60s", "'1m'"])]
IN_POOL: dict[fpm.Directive, list[tuple[str, list[str]]]] = {
    ("pm", None): [("static", ["static", '"static"']), ("ondemand", ["ondemand", "'ondemand'"])],
    ("pm.max_children", None): NUMBERS,
    ("pm.max_requests", None): NUMBERS,
    # No two pools may have the same.
    ("listen", None): [
        ("/run/$pool.sock", ["/run/$pool.sock", '"/run/$pool.sock"']),
        ("/run/$pool b.sock", ['"/run/$pool b.sock"']),
    ],
    ("listen.owner", None): [("www-data", ["www-data", '"www-data"'])],
    ("user", None): [("www-data", ["www-data", '"www-data"']), ("games", ["games"])],
    ("request_terminate_timeout", None): TIMES,
    ("security.limit_extensions", None): [(".php .phar", [".php .phar", '".php .phar"'])],
    fpm.FLAG: fpm.FLAG_SPELLINGS,
    ("php_admin_value", "memory_limit"): WORDS,
    ("php_admin_value", "error_log"): [("/var/log/a.log", ["/var/log/a.log", '"/var/log/a.log"'])],
    ("php_value", "memory_limit"): WORDS,
    ("env", "TMP"): WORDS,
}
IN_GLOBAL: dict[fpm.Directive, list[tuple[str, list[str]]]] = {
    ("emergency_restart_threshold", None): NUMBERS,
    ("process.max", None): NUMBERS,
    ("process_control_timeout", None): TIMES,
    ("syslog.ident", None): WORDS,
}
# What php-fpm needs stands before what is generated. What is generated may set it again.
COMPLETE = "[global]\nerror_log = /proc/self/fd/2\n" + "".join(
    "[%s]\nuser = www-data\nlisten = /run/$pool.sock\npm = static\npm.max_children = 3\n" % pool
    for pool in fpm.POOLS
)


class Pools(fpm.Made):
    """Pools of the property test, made of directives that php-fpm knows at their place."""

    def table(self) -> dict[fpm.Directive, list[tuple[str, list[str]]]]:
        return IN_GLOBAL if self.pool is None else IN_POOL

    def write(self, path: str, depth: int) -> None:
        if depth == 1:
            self.spelled = {pool: pool for pool in fpm.POOLS}
        super().write(path, depth)

    def directive(self, path: str, number: int) -> str:
        chance = self.chance
        directive = chance.choice(list(self.table()))
        value, spellings = chance.choice(self.table()[directive])
        head = chance.choice(["", "", "  ", "\t"]) + self.named(directive)
        equals, old = chance.choice([" = ", " = ", "=", "\t=\t", "  =   "]), chance.choice(spellings)
        tail = chance.choice(["", "", "", " ; 5", ";x = 1", "  "] if old else ["", " ; 5"])
        self.live.append(
            fpm.Live(
                path, number, self.pool, directive, self.effective(value, self.pool), head, equals, old, tail
            )
        )
        return head + equals + old + tail

    def named(self, directive: fpm.Directive) -> str:
        # The case of letters matters to php-fpm only in env, php_value and their like.
        if directive[1] is None:
            return super().named(directive)
        return self.chance.choice(["%s[%s]", "%s[%s]", "%s [ %s ]"]) % directive

    def noise(self, path: str, number: int) -> str:
        return self.chance.choice([line for line in fpm.NOISE if line.strip().startswith(";")] + [""] * 4)


def fpm_samples(seed: int, count: int) -> Iterator[Sample]:
    for number in range(count):
        chance = random.Random(seed + number)
        made = Pools(chance)
        home = FPM_HOME % number
        files = {home + path: re.sub(r"(/i\d+/\*)", home + r"\1", text) for path, text in made.files.items()}
        ends = "\r\n" if "\r\n" in files[home + "/main"] else "\n"
        files[home + "/main"] = COMPLETE.replace("\n", ends) + "[global]" + ends + files[home + "/main"]
        pool = chance.choice([*fpm.POOLS, *fpm.POOLS, None])
        table = IN_GLOBAL if pool is None else IN_POOL
        directive = chance.choice(list(table))
        value = chance.choice(["yes", "no"]) if directive == fpm.FLAG else chance.choice(table[directive])[0]
        key = fpm.key_of(directive)
        after = _after(home, files, pool, key, value)
        wrong = _after(home, files, pool, "pm.max_childern", "5") if pool else {}
        yield Sample(
            home + "/main", files, after, wrong, [pool or "global", key, value.replace("$pool", str(pool))]
        )


def _after(home: str, files: dict[str, str], pool: str | None, key: str, value: str) -> dict[str, str]:
    edited = set_directives(
        home + "/main", files.get, lambda pattern: fpm.matching(files, pattern), pool, [(key, value)]
    )
    return {change.path: change.after for change in edited}


class Hosts(nginx.Site):
    """A site of the property test, made of directives that nginx knows at their place."""

    def servers(self, text: nginx.Text, prefix: str) -> None:
        if prefix == "m":
            for name in ("$php", "$a"):
                text.begin("map", "$uri", name)
                text.simple("default", "127.0.0.1:9000")
                text.finish()
        super().servers(text, prefix)

    def body(self, text: nginx.Text, names: list[str]) -> None:
        chance = self.chance
        names = names + chance.sample(["set", "set", "if", "index"], chance.randint(0, 3))
        chance.shuffle(names)
        for name in names:
            if name == "if":
                text.begin("if", "($a", "=", chance.choice(["x", "a b", "it's", 'say "x"', "#x", "a;b"]), ")")
                text.simple("set", "$a", chance.choice(PLAIN))
                text.finish()
            elif name == "fastcgi_pass":
                text.simple(name, chance.choice(nginx.ADDRESSES))
            elif name == nginx.TIMEOUT:
                text.simple(name, chance.choice(["5s", "60", "1m 30s"]))
            elif name in ("set", "fastcgi_param", "add_header"):
                text.simple(
                    name, {"set": "$a", "fastcgi_param": "A", "add_header": "X-A"}[name], chance.choice(PLAIN)
                )
            elif name == "root":
                text.simple(name, chance.choice(["/srv", "/srv/a b", "/srv/}", "/srv/a;b"]))
            else:
                words = [word for word in PLAIN if word]
                text.simple(name, *[chance.choice(words) for _word in range(chance.randint(1, 3))])


def contradicts(site: Hosts) -> bool:
    """Whether nginx refuses it before any edit: a directive stands twice in one location, or an upstream has
    only backups.
    """
    for _server, _words, path, block, included in site.locations:
        names = [place.name for place in site.files[path].places if place.block == block]
        names += [
            place.name for snippet in included for place in site.files[snippet].places if place.block == 0
        ]
        if any(names.count(name) > 1 for name in ("fastcgi_pass", nginx.TIMEOUT, "root")):
            return True
    servers: dict[int, list[bool]] = {}
    for place in site.files[nginx.MAIN].places:
        if place.name == "server":
            servers.setdefault(place.block, []).append("backup" in place.args)
    return any(all(backups) for backups in servers.values())


# nginx takes a $ at the end for a variable without a name, and refuses it.
PLAIN = [value for value in nginx.VALUES if not value.endswith("$")]
EDITS: list[tuple[str, list[str]]] = [
    (nginx.TIMEOUT, ["77s"]),
    (nginx.TIMEOUT, ["77s"]),
    ("add_header", ["X-A", "a b;"]),
    ("root", ["/srv/x y"]),
    ("fastcgi_param", ["A", 'say "#"']),
    ("fastcgi_pass", ["unix:/run/new one.sock"]),
]


def nginx_samples(seed: int, count: int) -> Iterator[Sample]:
    number = 0
    while number < count:
        seed += 1
        site = Hosts(seed)
        if contradicts(site):
            continue
        server, words, _file, _block, _included = site.chance.choice(site.locations)
        name, args = site.chance.choice(EDITS)
        home = NGINX_HOME % number
        place = (("server", server), ("location", " ".join(words)))

        def edit(
            name: str, args: list[str], site: Any = site, place: Any = place, home: str = home
        ) -> dict[str, str]:
            changes = set_directive(nginx.MAIN, site.texts.get, site.expand, place, name, args)
            return {change.path.replace("/etc/nginx", home, 1): change.after for change in changes}

        try:
            edited, wrong = edit(name, args), edit(nginx.TIMEOUT, ["never"])
        except Refusal:  # the directive stands in an include that several places read
            continue
        files = {path.replace("/etc/nginx", home, 1): text for path, text in site.texts.items()}
        yield Sample(home + "/nginx.conf", files, edited, wrong, [name, *args])
        number += 1


def main(seed: int, count: int) -> None:
    kinds = {"fpm": fpm_samples(seed, count), "nginx": nginx_samples(seed, count)}
    json.dump({kind: [sample._asdict() for sample in made] for kind, made in kinds.items()}, sys.stdout)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
