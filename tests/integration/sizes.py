# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sized pool is one that php-fpm takes and that memory holds: ``sizes.py``. Ends with "N passed, N failed".

Four real hosts with exhausted pools of heavy workers, with limits from 256 MB to 4 GB, with and without
opcache, with and without other pools. After one remediation all workers of all pools are made busy at once,
and what they hold is measured anew. FLEET_KEEP=1 leaves the hosts.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

import env
import mended
from checks import Check, Ground, run
from webmedic_lab import scripts
from webmedic_lab.data import Load, Spec, load_faults, load_suites
from webmedic_lab.engine import LabError, engine, execute
from webmedic_lab.fleet import Fleet

FLEET = "sizes"
MIB = 1 << 20


class Case(NamedTuple):
    """limit: MiB of the whole host. heavy: MiB that each request holds. pools: names of others beside www.
    load: what exhausts www.
    """

    suite: str
    fault: str
    limit: int
    opcache: bool
    pools: tuple[str, ...]
    heavy: int
    load: Load


# Chosen so that memory is what binds on the first two, demand on the third, the CPUs on the fourth. What is
# sent is less than what the sized pool can answer: a pool that is still exhausted would be put back.
CASES = (
    Case(
        "bullseye",
        "exhausted_static",
        256,
        False,
        (),
        22,
        Load("/heavy.php?mb=22&s=1", queue=10, rate=4, warmup=4),
    ),
    Case(
        "bookworm",
        "exhausted_dynamic",
        512,
        True,
        ("blog",),
        40,
        Load("/heavy.php?mb=40&s=1", queue=10, rate=4, warmup=4),
    ),
    Case(
        "trixie",
        "exhausted_static",
        1024,
        False,
        ("blog", "news"),
        20,
        Load("/heavy.php?mb=20&s=2", queue=6, rate=3, warmup=4),
    ),
    Case(
        "el",
        "exhausted_ondemand",
        4096,
        True,
        (),
        25,
        Load("/heavy.php?mb=25&s=1", queue=16, rate=6, warmup=4),
    ),
)

# What all hosts have beside their fault. Of two workers of another pool one is busy: with both it would be
# exhausted, too. A limit of time keeps a page from outliving a test that was killed.
SETUP = r"""
printf 'opcache.enable=%(opcache)d\n' >"/etc/php/$PHP/fpm/conf.d/99-sizes.ini"
mkdir -p /var/www/news
for place in /var/www/*; do
    cat >"$place/heavy.php" <<'PAGE'
<?php
$held = str_repeat('x', ((int) $_GET['mb']) << 20);
$end = microtime(true) + (float) ($_GET['s'] ?? 0);
while (microtime(true) < $end || isset($_GET['hold']) && file_exists('/run/webmedic-hold') && microtime(true) < $end + 60) {
    usleep(20000);
    clearstatcache();
}
echo "ok\n";
PAGE
done
echo '<?php echo opcache_get_status(false) ? 1 : 0;' >/var/www/shop/opcache.php
for name in %(pools)s; do
    pool "$name" "$RUN_DIR/$name.sock"
    site "$name" "unix:$RUN_DIR/$name.sock"
done
systemctl restart "$FPM_UNIT"
nginx_reload
found=$(curl -s -m 10 http://127.0.0.1/opcache.php)
[ "$found" = %(opcache)d ] || { echo "opcache is '$found' instead of %(opcache)d" >&2; exit 1; }
for name in %(pools)s; do
    request="curl -s -o /dev/null -m 60 -H 'Host: $name.example' 'http://127.0.0.1/heavy.php?mb=%(heavy)d&s=2'"
    systemd-run --quiet --collect bash -c "while :; do $request; done"
done
"""
# A vhost without a timeout of three seconds, so that all workers can be held for as long as measuring takes.
PATIENT = r"""
ln -sfn /var/www/shop /var/www/patient
site patient "$PASS"
nginx_reload
touch /run/webmedic-hold
"$FPM_BIN" -tt -y "$FPM_CONF" 2>&1 || echo "php-fpm -t: exit code $?"
"""
# In a host: as many requests at once as all pools have workers; once all are busy, what each worker and the
# whole host hold.
MEASURE = r"""
import glob, json, os, re, socket, time
job = json.loads(%r)

def ask(site, page):
    one = socket.create_connection(("127.0.0.1", 80))
    one.sendall(("GET %%s HTTP/1.0\r\nHost: %%s\r\n\r\n" %% (page, site)).encode())
    return one

asked = [(name, ask(site, "/heavy.php?mb=%%d&hold=1" %% job["heavy"])) for name, (site, count) in job["pools"].items() for _ in range(count)]

def read(path):
    with open(path, errors="replace") as stream:
        return stream.read()

def workers():
    found = {}
    for place in glob.glob("/proc/[0-9]*"):
        try:
            title = re.match(r"php-fpm: pool (\S+)", read(place + "/cmdline").replace("\0", " "))
            rows = re.findall(r"^(\w+): +(\d+) kB$", read(place + "/smaps_rollup"), re.M) if title else []
        except OSError:
            continue
        if rows:
            kb = {key: int(value) for key, value in rows}
            found.setdefault(title.group(1), []).append({"uss": kb["Private_Clean"] + kb["Private_Dirty"], "pss": kb["Pss"],
                                                         "held": kb["Pss_Anon"] + kb["Pss_Shmem"]})
    return found

def idle(found):
    return [site for name, (site, count) in job["pools"].items() if sum(one["uss"] >= job["heavy"] << 10 for one in found.get(name, [])) < count]

deadline, found, nudges = time.time() + 25, workers(), []
while idle(found) and time.time() < deadline:
    time.sleep(0.5)
    # A master with pm = ondemand starts one worker for all connections that come at once, and the next when another comes.
    nudges += [ask(site, "/index.php") for site in idle(found)]
    found = workers()
first = "/sys/fs/cgroup/memory/memory."
top, usage, prefix = (first, "usage_in_bytes", "total_") if os.path.exists(first + "usage_in_bytes") else ("/sys/fs/cgroup/memory.", "current", "")
used, stat = int(read(top + usage)), dict(line.split() for line in read(top + "stat").splitlines())
cache = int(stat[prefix + "inactive_file"]) + int(stat[prefix + "active_file"])
os.unlink("/run/webmedic-hold")
answers = {}
for name, one in asked:
    one.settimeout(20)
    status = (one.recv(64).decode(errors="replace").split() + ["none", "none"])[1]
    answers[name + " " + status] = answers.get(name + " " + status, 0) + 1
print(json.dumps({"workers": found, "held": used - cache, "busy": not idle(found), "answers": answers}))
"""
EXPLAINED = re.compile(r"pm\.max_children of pool www: (\d+) -> (\d+), bound by (\w+)")


class Cgroup(NamedTuple):
    """The memory control group of a container, as this machine sees it."""

    version: int
    directory: Path

    def limit(self, size: int) -> None:
        """Bytes. Version 1 keeps memory from being more than memory and swap together, at each moment."""
        names = (
            ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] if self.version == 1 else ["memory.max"]
        )
        present = [self.directory / name for name in names if (self.directory / name).exists()]
        for path in present[::-1] if size > int(present[0].read_text()) else present:
            try:
                path.write_text(str(size))
            except OSError as error:
                raise LabError(
                    "the memory limit of a container cannot be set here: %s: %s" % (path, error.strerror)
                ) from error

    def kills(self) -> int:
        """Version 1 counts each group by itself, version 2 with all below it."""
        paths = (
            list(self.directory.rglob("memory.oom_control"))
            if self.version == 1
            else [self.directory / "memory.events"]
        )
        return sum(
            int(number)
            for path in paths
            for number in re.findall(r"^oom_kill (\d+)$", path.read_text(), re.M)
        )


def cgroup_of(container: str) -> Cgroup:
    """The group that carries the limit with which the lab started the container."""
    pid = engine("inspect", "--format", "{{.State.Pid}}", container).strip()
    rows = [line.split(":", 2) for line in Path("/proc/%s/cgroup" % pid).read_text().splitlines()]
    first = next((path for _number, names, path in rows if "memory" in names.split(",")), None)
    version, path = (
        (1, first) if first is not None else (2, next(path for number, _names, path in rows if number == "0"))
    )
    top, name = (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")
        if version == 1
        else (Path("/sys/fs/cgroup"), "memory.max")
    )
    place = top / path.strip("/")
    for directory in (place, *place.parents):
        if directory == top:
            break
        text = (directory / name).read_text().strip() if (directory / name).exists() else ""
        if text.isdigit() and int(text) < 1 << 60:
            return Cgroup(version, directory)
    raise LabError(
        "no control group of version 1 or 2 with a memory limit was found for pid %s of %s" % (pid, container)
    )


class Host:
    """One case, in its container."""

    def __init__(self, fleet: Fleet, case: Case) -> None:
        fault = load_faults()[case.fault]
        script = fault.script + SETUP % {
            "opcache": case.opcache,
            "pools": " ".join(case.pools),
            "heavy": case.heavy,
        }
        self.case, self.spec = (
            case,
            Spec(load_suites()[case.suite], fault._replace(script=script, load=case.load)),
        )
        self.container = fleet.container(self.spec)
        self.cgroup: Cgroup | None = None
        self.killed = 0  # before anything was asked

    def prepare(self) -> str:
        """Limit, fault and load; the words of the symptom."""
        self.cgroup = cgroup_of(self.container)
        self.cgroup.limit(self.case.limit * MIB)
        self.killed = self.cgroup.kills()
        return scripts.verdict(
            execute(self.container, scripts.broken(self.spec) + "\n" + scripts.traffic(self.spec))
        )

    def configured(self) -> tuple[str, dict[str, int]]:
        """What php-fpm -tt says, and pm.max_children by pool in it. The load ends here."""
        output = execute(
            self.container,
            scripts.calm()
            + scripts.broken(self.spec._replace(fault=self.spec.fault._replace(script=PATIENT))),
        )
        sections = re.findall(
            r"NOTICE: +\[([^\]\n]+)\]$(.*?)(?=NOTICE: +\[[^\]\n]+\]$|\Z)", output, re.M | re.S
        )
        found = {name: re.search(r"pm\.max_children = (\d+)", text) for name, text in sections}
        return output, {name: int(number.group(1)) for name, number in found.items() if number}

    def measure(self, most: Mapping[str, int]) -> dict[str, Any]:
        """With all workers of all pools busy: {workers: {pool: [kB of each: uss, pss, held]}, held: bytes,
        busy, answers}.
        """
        sites = {
            name: ("patient.example" if name == "www" else name + ".example", count)
            for name, count in most.items()
        }
        script = MEASURE % json.dumps({"pools": sites, "heavy": self.case.heavy})
        return json.loads(execute(self.container, "python3 - <<'PROGRAM'\n%s\nPROGRAM\n" % script))

    def checks(self, result: Mapping[str, Any]) -> list[Check]:
        """After the remediation: what it says, what php-fpm says, and what was measured."""
        name = self.spec.host
        sized = next(
            (
                one
                for one in (result.get("remediation") or {}).get("actions", [])
                if one["id"] == "pool_size_set"
            ),
            None,
        )
        if sized is None or sized["result"] not in ("done", "refused"):
            return [
                Check(
                    name,
                    "the pool is sized, or it is told why not",
                    str(sized or result.get("remediation") or result)[:1500],
                )
            ]
        output, most = self.configured()
        found = [
            Check(
                name,
                "php-fpm -t accepts",
                None if "test is successful" in output and "exit code" not in output else output[-800:],
            )
        ]
        if set(most) != {"www", *self.case.pools}:
            return [
                *found,
                Check(name, "php-fpm -tt tells all pools", "%s: %s" % (sorted(most), output[-500:])),
            ]
        seen = self.measure(most)
        room, worker, words = self.budget(seen, most)
        print("     %s: %s: %s" % (name, sized["result"], sized["why"]))
        print("     %s: measured with all workers busy: %s" % (name, words))
        if sized["result"] == "done":
            found.append(
                Check(
                    name,
                    "the value is that of its explanation",
                    wrong_value(sized["why"], most["www"], self.case.limit),
                )
            )
            found.append(Check(name, "memory holds all workers of all pools", None if room >= 0 else words))
        else:
            reserve = max(16 * MIB, self.case.limit * MIB // 20)
            found.append(
                Check(
                    name,
                    "it is true that memory is full",
                    None if "memory: " in sized["why"] and room - reserve < worker else words,
                )
            )
        found.append(Check(name, "every worker was busy", None if seen["busy"] else words))
        fine = seen["answers"] == {pool + " 200": count for pool, count in most.items()}
        found.append(
            Check(name, "every worker answers", None if fine else "%s of %s" % (seen["answers"], most))
        )
        kills = self.cgroup.kills() - self.killed if self.cgroup else None
        found.append(
            Check(name, "nothing was killed for memory", None if kills == 0 else "%s OOM kills" % kills)
        )
        return found

    def budget(self, seen: Mapping[str, Any], most: Mapping[str, int]) -> tuple[int, int, str]:
        """What is left of the limit in bytes, what a worker of www takes, and the sum in words."""
        everyone = [one for pool in seen["workers"].values() for one in pool]
        others = seen["held"] - 1024 * sum(one["held"] for one in everyone)
        shared = 1024 * sum(one["pss"] - one["uss"] for one in everyone)
        largest = {
            name: 1024 * max([one["uss"] for one in seen["workers"].get(name, [])] or [0]) for name in most
        }
        needed = others + shared + sum(count * largest[name] for name, count in most.items())
        pools = " + ".join(
            "%s %d x %.1f" % (name, count, largest[name] / MIB) for name, count in sorted(most.items())
        )
        numbers = (
            pools,
            shared / MIB,
            others / MIB,
            needed / MIB,
            self.case.limit,
            len(everyone),
            seen["held"] / MIB,
        )
        words = (
            "%s + shared %.1f + others %.1f = %.1f of %d MiB; held by %d workers and all else: %.1f MiB"
            % numbers
        )
        return self.case.limit * MIB - needed, largest["www"], words


def wrong_value(why: str, value: int, limit: int) -> str | None:
    """The explanation against what is set: the least of its own bounds, inside the limit that was set from
    outside.
    """
    explained = EXPLAINED.search(why)
    bounds = {
        name: int(number)
        for name, number in re.findall(r"(?:^|; )(memory|cpu|demand): .*?: (\d+) workers", why)
    }
    if not explained or set(bounds) != {"memory", "cpu", "demand"}:
        return "it does not explain itself: %s" % why
    told, bound = int(explained.group(2)), explained.group(3)
    if not value == told == min(bounds.values()) == bounds[bound]:
        return "set is %d, told %d by %s, of %s" % (value, told, bound, bounds)
    return (
        None if "memory: %d MiB (cgroup " % limit in why else "another limit than %d MiB: %s" % (limit, why)
    )


def different_bounds(results: Mapping[str, Any]) -> str | None:
    """These hosts prove little when the same thing decides on all of them."""
    whys = [
        action["why"]
        for result in results.values()
        for action in (result.get("remediation") or {}).get("actions", [])
    ]
    bounds = {found.group(3) for found in map(EXPLAINED.search, whys) if found}
    return (
        None
        if "memory" in bounds and bounds & {"demand", "cpu"}
        else "what decided was %s" % (sorted(bounds) or "never told")
    )


def prove(ground: Ground) -> Iterator[Check]:
    fleet, found = ground.fleet, dict[str, list[Check]]()
    members = {member.spec.host: member for member in (Host(fleet, case) for case in CASES)}
    specs = [member.spec for member in members.values()]

    def after(spec: Spec) -> str:
        found[spec.host] = members[spec.host].checks(run_of.results.get(spec.host, {}))
        return ""

    for outcome in fleet.each(specs, lambda spec: members[spec.host].prepare(), lambda outcome: None):
        yield Check(outcome.spec.host, "the symptom shows", None if outcome.ok else outcome.words)
    run_of = mended.remediate(
        Path(sys.prefix), env.tree("tree-sizes"), fleet.inventory, env.WORK / "sizes", *mended.TOGETHER
    )
    yield Check(
        FLEET, "the playbook runs", None if run_of.results and not run_of.code else run_of.output[-3000:]
    )
    answers = mended.answers(FLEET)
    for outcome in fleet.each(specs, after, lambda outcome: None):
        name = outcome.spec.host
        yield Check(
            name, "the symptom's page answers under the same load", answers.get(name, "was not asked")
        )
        yield from found.get(name, [Check(name, "it can be measured", outcome.words)])
    yield Check(
        FLEET, "memory decides on one host, demand or the CPUs on another", different_bounds(run_of.results)
    )


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run(FLEET, ",".join("%s:%s" % (case.suite, case.fault) for case in CASES), prove))
