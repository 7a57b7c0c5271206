# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role does not do: overwrite another's file, take another's name, keep a site that fails."""

from collections.abc import Iterator, Mapping

from tests.integration.site_host import SiteHost
from tests.integration.site_plays import Plays
from tests.run.checks import Check, differs

NAME = "plain"
PAIR_OF_FILES = (
    "cat $(grep -ls 'for site plain[.]' /etc/nginx/*/*.conf \"$POOL_DIR\"/*.conf | sort -u) | md5sum"
)
STRANGE = """
file=$(grep -ls 'for site plain[.]' /etc/nginx/*/*.conf)
sed -i 1d "$file"
"""
# It fails with the one change that is then asked for.
BROKEN = """cat >/srv/plain/current/public/broken.php <<'PAGE'
<?php http_response_code(ini_get('max_execution_time') === '5' ? 500 : 200);
PAGE
"""


def prove(plays: Plays, members: Mapping[str, SiteHost]) -> Iterator[Check]:
    members = {host: member for host, member in members.items() if NAME in plays.presets[host]}
    if not members:
        return
    some = Plays(plays.few, {host: [NAME] for host in members})
    before = {host: member.script(BROKEN + "\n" + PAIR_OF_FILES) for host, member in members.items()}

    def refused(what: str, words: str, **more: object) -> Iterator[Check]:
        results = some.run(**more)
        for host, member in members.items():
            message = results[host].get(NAME, {}).get("msg", some.output[-1000:])
            yield member.check("%s: it says so" % what, None if words in message else message)
            yield member.check(
                "%s: nothing is different" % what, differs(member.script(PAIR_OF_FILES), before[host])
            )
            yield member.check("%s: it answers" % what, differs(member.ask(NAME, "/")[0].status, 200))

    yield from refused(
        "another server has a name",
        "conflicting server name",
        site_server_names=["plain.example", "shop.example"],
    )
    yield from refused(
        "its page fails",
        "everything is as it was before",
        site_page_path="/broken.php",
        site_longest_request=5,
    )
    for host, member in members.items():
        before[host] = member.script(STRANGE + PAIR_OF_FILES.replace("for site plain[.]", "plain.example"))
    adopted = some.run()
    for host, member in members.items():
        message = adopted[host].get(NAME, {}).get("msg", some.output[-1000:])
        yield member.check(
            "a file of somebody else is refused", None if "did not write it" in message else message
        )
    adopted = some.run(site_state="adopt")
    for host, member in members.items():
        yield member.check("it is adopted where that is asked for", adopted[host].get(NAME, {}).get("msg"))
