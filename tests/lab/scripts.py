# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside a host, as bash texts: waiting for systemd, breaking, driving traffic and checking the
symptom.

One script a host does it all, because each `exec` of an engine costs as much as the work.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tests.lab.data import HOME, Load, Request, Spec, Visitors
from tests.lab.engine import LabError
from tests.lab.inventory import PLAIN_USER

LOAD_UNIT = "webmedic-load"
VISITORS_UNIT = "webmedic-visitors"
VISITORS_LOG = "/root/visitors"  # of the first ones, then with .1 and so on
MARK = "LAB"
PAGE_PATIENCE = 15  # seconds

# A wait that begins while the bus starts may miss the word that it waits for.
READY = """
for _ in $(seq 100); do
    state=$(timeout 10 systemctl is-system-running --wait 2>/dev/null) || true
    case $state in running | degraded) break ;; esac
    sleep 0.1
done
if [ "$state" != running ]; then
    echo "systemd is '$state', failed units:" $(systemctl list-units --failed --plain --no-legend) >&2
    exit 1
fi
install -m 0600 /dev/stdin /root/.ssh/authorized_keys <<<%s
"""

# Statuses of COUNT requests, CONCURRENCY at a time, as "3x502 1x504". The fragment (#) is curl's counter and
# is never sent.
CHECK = """
hit() {
    curl -s -o /dev/null -Z --parallel-max "$4" -m "$5" -w '%{http_code}\\n' -H "Host: $1" \\
        "http://127.0.0.1$2#[1-$3]" |
        sort | uniq -c | awk '{printf "%s%sx%d", sep, $1, $2; sep=" "}'
}
check() {
    local label=$1 status=$2 site=$3 path=$4 count=$5 concurrency=$6 end=$((SECONDS + $7)) patience=$8 seen
    while :; do
        seen=$(hit "$site" "$path" "$count" "$concurrency" "$patience")
        if [ "$seen" = "${count}x$status" ]; then
            printf 'LAB\\tok\\t%s\\t%s%s\\t%s\\n' "$label" "$site" "$path" "$seen"
            return
        fi
        [ "$status" != 200 ] && [ $SECONDS -lt $end ] || break
        sleep 0.3
    done
    printf 'LAB\\twrong\\t%s\\t%s%s\\tHTTP %s instead of %s\\n' "$label" "$site" "$path" "$seen" "$status"
}
"""


# systemd restarts a unit that fails, until its start limit. Until then no two looks see the same.
SETTLE = """
for _ in $(seq 150); do
    case $(systemctl show --property ActiveState --value "$FPM_UNIT") in
        activating | deactivating | reloading) sleep 0.1 ;;
        *) break ;;
    esac
done
"""

PLAIN_LOGIN = f"""
id {PLAIN_USER} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {PLAIN_USER}
install -d -m 0700 -o {PLAIN_USER} /home/{PLAIN_USER}/.ssh
install -m 0600 -o {PLAIN_USER} /root/.ssh/authorized_keys /home/{PLAIN_USER}/.ssh/
"""


def _header(spec: Spec) -> str:
    on_host = ("hostile.sh", "tenants.sh", "sockets.sh")
    texts = [(HOME / "image/lib.sh").read_text(), *map(_on_host, on_host)]
    login = PLAIN_LOGIN if spec.fault.login == "plain" else ""
    return "\n".join(["set -eu", spec.suite.exports(), *texts, login])


def ready(public_key: str) -> str:
    """Wait until systemd has started everything, then let the fleet's key in."""
    return READY % shlex.quote(public_key)


def broken(spec: Spec) -> str:
    """Set up what the host has besides, apply the fault, and wait until systemd has done with it."""
    parts = [*(extra.script for extra in spec.extras), spec.fault.script, SETTLE]
    return with_helpers(spec, "\n".join(parts))


def with_helpers(spec: Spec, script: str) -> str:
    """A script that may use the suite's variables and the helpers of the fault scripts."""
    return "\n".join([_header(spec), script])


def _on_host(name: str) -> str:
    """A program that runs in a host."""
    return (HOME / "on_host" / name).read_text()


def _load(load: Load) -> str:
    request = f"curl -s -o /dev/null -m {load.patience} -H 'Host: {load.site}' 'http://127.0.0.1{load.path}'"
    if load.queue:
        script = f"""
            while :; do
                waiting=$(ss --no-header --listening --{load.listener} | grep -o 'LISTEN *[0-9]*' |
                    awk '{{n += $2}} END {{print n + 0}}')
                missing=$(({load.queue} - waiting))
                for _ in $(seq $((missing < {load.rate} ? missing : {load.rate}))); do {request} & done
                sleep 1
            done"""
    elif load.every:
        words = " ".join(
            shlex.quote(str(word)) for word in (load.site, load.path, load.clients, load.every, load.patience)
        )
        script = f"exec python3 -c {shlex.quote(_on_host('crowd.py'))} {words}"
    else:
        client = f"while :; do {request}; sleep {load.pause}; done"
        burst = f"for _ in $(seq {load.burst}); do {request} & done"
        script = f"{burst}; for _ in $(seq {load.clients}); do ({client}) & done; wait"
    start = f'systemd-run --quiet --collect --unit={LOAD_UNIT} --setenv=SOCKET="$SOCKET" bash -c '
    return calm(LOAD_UNIT) + start + f"{shlex.quote(script)}\nsleep {load.warmup}\n"


def visitors(who: Sequence[Visitors]) -> str:
    """Let visitors come, in place of those who came before; the log of the Nth ones is VISITORS_LOG.N."""
    lines = [calm(VISITORS_UNIT), f"cat >/root/visitors.py <<'PROGRAM'\n{_on_host('visitors.py')}PROGRAM\n"]
    for number, group in enumerate(who):
        words = (f"{VISITORS_LOG}.{number}", group.site, group.port, group.path, group.rate, group.patience)
        argv = " ".join(shlex.quote(str(word)) for word in words)
        unit = f"--unit={VISITORS_UNIT}-{number}"
        lines.append(f"systemd-run --quiet --collect {unit} python3 /root/visitors.py {argv}\n")
    return "".join(lines)


def _check(label: str, request: Request) -> str:
    within = round(request.within)
    words = [label, request.status, request.site, request.path, request.count, request.concurrency]
    words += [within, request.patience]
    return "check " + " ".join(shlex.quote(str(word)) for word in words) + "\n"


def traffic(spec: Spec) -> str:
    """Start the background load if the fault has one, send the fault's requests, check the symptom last."""
    fault = spec.fault
    return (
        spec.suite.exports()
        + CHECK
        + (_load(fault.load) if fault.load else "")
        + (visitors(spec.visitors) if spec.visitors else "")
        + "".join(_check("traffic", request) for request in fault.traffic)
        + _check("symptom", fault.symptom)
    )


def probe(spec: Spec) -> str:
    """Check the request that must be answered after a repair."""
    return CHECK + _check("probe", spec.fault.probe)


def pages(spec: Spec) -> str:
    """Ask every site for a page."""
    probe = spec.fault.probe
    words = " ".join(shlex.quote(str(word)) for word in (probe.site, probe.path, PAGE_PATIENCE))
    return f"python3 -c {shlex.quote(_on_host('sites.py'))} {words}"


def failing_pages(output: str) -> str:
    """What pages() saw; raise LabError where a page fails."""
    rows = [line.split(" ", 1) for line in output.splitlines()]
    wrong = [f"{site}: HTTP {status}" for status, site in rows if not "000" < status < "500"]
    if wrong or not rows:
        raise LabError("; ".join(wrong) or "it has no site that passes to php-fpm")
    return f"{len(rows)} sites answer"


def calm(*units: str) -> str:
    """Stop the background load, and the visitors; or one of these."""
    wanted = " ".join(f"'{unit}*'" for unit in units or (LOAD_UNIT, VISITORS_UNIT))
    return f"systemctl stop {wanted} 2>/dev/null || true\n"


def verdict(output: str) -> str:
    """What the last check saw; raise LabError when any of them saw something else than it must."""
    rows = [line.split("\t")[1:] for line in output.splitlines() if line.startswith(MARK + "\t")]
    wrong = [f"{where}: {seen}" for result, _code, where, seen in rows if result != "ok"]
    if wrong or not rows:
        raise LabError("; ".join(wrong) or "no request was made")
    return f"{rows[-1][2]}: {rows[-1][3]}"
