# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site with TLS: its pages, HTTP/2 in the syntax of the host's nginx, plain HTTP that only redirects."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping

from tests.integration.site_host import SiteHost
from tests.integration.site_plays import Plays
from tests.run import env
from tests.run.checks import Check, differs

MOVED = "moved"
CERTIFICATE, KEY = "/etc/ssl/webmedic.pem", "/etc/ssl/webmedic.key"
PUT = "mkdir -p /etc/ssl\numask 077\ncat >%s <<'PEM'\n%s\nPEM\ncat >%s <<'PEM'\n%s\nPEM\n"
# HTTP/2 is chosen while the connection is made.
CHOSEN = """python3 - <<'PROGRAM'
import socket, ssl
context = ssl._create_unverified_context()
context.set_alpn_protocols(["h2", "http/1.1"])
with socket.create_connection(("127.0.0.1", 443)) as plain:
    with context.wrap_socket(plain, server_hostname="%s.example") as door:
        print(door.selected_alpn_protocol(), door.version())
PROGRAM
"""
HEADERS = """curl -sk -o /dev/null -D - --resolve {name}.example:443:127.0.0.1 'https://{name}.example/index.php?do=who'
"""


def certificate(plays: Plays) -> tuple[str, str]:
    """(certificate, key) of nobody."""
    if not shutil.which("openssl"):
        env.apt("openssl")
    paths = [plays.work / name for name in ("tls.pem", "tls.key")]
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=shop.example",
    ]
    argv += ["-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(argv, check=True, capture_output=True)
    return paths[0].read_text(), paths[1].read_text()


def prove(plays: Plays, members: Mapping[str, SiteHost]) -> Iterator[Check]:
    pem, key = certificate(plays)
    for member in members.values():
        member.script(PUT % (CERTIFICATE, pem, KEY, key))
    some = Plays(plays.few, {host: plays.presets[host][:1] for host in members})
    secure: dict[str, object] = {"site_tls_certificate": CERTIFICATE, "site_tls_certificate_key": KEY}
    secure["site_redirect_names"] = [MOVED + ".example"]
    results = some.run(**secure)
    again = some.run("--check", **secure)
    for host, member in members.items():
        name = plays.presets[host][0].replace("_", "-")
        result = results[host].get(name, {"msg": some.output[-1500:]})
        yield member.check("TLS: it is made", result.get("msg"))
        got = member.ask(name, "/index.php?do=who", port=443)[0]
        yield member.check("TLS: its page", differs((got.status, got.body.split(" ")[0]), (200, name)))
        seen = [got.status for got in member.ask(name, "/a/page", "/.well-known/acme-challenge/token")]
        yield member.check(
            "TLS: plain HTTP redirects all but the proof of a certificate", differs(seen, [301, 200])
        )
        headers = member.script(HEADERS.format(name=name)).lower()
        wrong = None if "200" in headers and "strict-transport-security" not in headers else headers
        yield member.check("TLS: no browser is told to remember it", wrong)
        moved = [member.ask(MOVED, "/a?b=1", port=port)[0].status for port in (80, 443)]
        yield member.check("TLS: a name that only redirects", differs(moved, [301, 301]))
        chosen = member.script(CHOSEN % name).split()
        yield member.check("TLS: HTTP/2", None if chosen[:1] == ["h2"] else chosen)
        yield member.check(
            "TLS: a second run changes nothing", differs(again[host].get(name, {}).get("changed"), False)
        )
        yield from member.quiet()
    some.run()  # without it again
