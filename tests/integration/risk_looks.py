# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked once of each host before its stories. A look must leave no trace. The risks of a host are
told as its packages leave it. One page of each site is asked for.
"""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.compare import changes
from tests.integration.gate_trace import whole_gate
from tests.integration.risk_host import BACK, FLEET, Stage, answers_in, look, program
from tests.integration.risk_stories import STANDING
from tests.run import hosts
from tests.run.checks import Check, differs

SITES = Path(__file__).resolve().parent / "site_kinds.sh"
# Its sites: by name, whether it was asked, the status, whether that is well, and who answered.
PAGES = {
    "shop.example": (True, 200, True, "site"),
    "secure.example": (True, 200, True, "site"),
    "inner.example": (True, 200, True, "site"),
    "proxied.example": (True, 200, True, "site"),
    "moved.example": (True, 301, True, "site"),
    "twice.example": (False, None, None, None),
    "dead.example": (True, 502, False, "nginx"),
    "~^any": (False, None, None, None),
}


def certificate() -> str:
    """A key and a certificate that nobody has to trust, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + made.public_bytes(pem)).decode()


def pages(stage: Stage) -> Iterator[Check]:
    """Sites of every kind are asked, each for itself."""
    pem = "cat >/etc/nginx/lab.pem <<'PEM'\n%sPEM\n" % certificate()
    text = pem + SITES.read_text() + program("asked_pages.py") + BACK
    reply = answers_in(stage.script(text))[0]
    seen = {page["site"]: (page["asked"], page["status"], page["ok"], page["by"]) for page in reply["pages"]}
    for site, wanted in PAGES.items():
        wrong = None if seen.get(site) == wanted else "%s: %s" % (seen.get(site), reply["pages"])
        yield Check(stage.suite.name, "%s is asked" % site, wrong)


def without_a_trace(stages: Sequence[Stage]) -> Iterator[Check]:
    """A look, and what it tells of a host as its packages leave it."""
    before = hosts.fingerprint(FLEET)
    answers = [answers_in(stage.script(look("restart", "risks")))[0] for stage in stages]
    after = hosts.fingerprint(FLEET)
    for host in before:
        differ = "; ".join(changes(before[host], after[host]))
        yield Check(host, "a look leaves no trace", differ or None)
    for stage, reply in zip(stages, answers, strict=True):
        found = [item["reason"] for item in reply["risks"]["findings"] if item["state"] == "latent"]
        yield Check(stage.suite.name, "a host as its packages leave it", differs(found, [*STANDING]))


def looks(stages: Sequence[Stage]) -> Iterator[Check]:
    yield from without_a_trace(stages)
    yield from whole_gate(FLEET, {stage.suite.name + "-plain": stage.script for stage in stages})
