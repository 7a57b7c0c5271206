# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration as code of examples/awx, run: ``python3 -m tests.integration.controller``.

The modules of awx.awx meet a fake controller, which keeps what AWX would keep and refuses what AWX refuses.
What it then has must be what docs/awx.md says.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.awx import configuration, page
from tests.integration.awx.objects import EDGES, NODES, Json
from tests.integration.awx.server import Fake, serving
from tests.run import awx_collection, env
from tests.run.checks import Check, print_checks

TEMPLATES = "job_templates"


def configured(home: Path, collections: Path) -> Iterator[Check]:
    """Run once, read, and run again."""
    with serving(configuration.controller()) as fake:
        done = configuration.configure(home, collections, fake)
        yield Check("first run", "it ends well", None if done.rc == 0 else done.output[-3000:])
        warned = re.findall(r"\[(?:WARNING|DEPRECATION|ERROR).*", done.output)
        yield Check("first run", "nobody is warned of anything", "; ".join(warned) or None)
        refused = [request for request in fake.requests if request.status >= 400]
        yield Check("first run", "the controller refuses nothing", str(refused) if refused else None)
        yield from as_the_page_says(fake)
        fake.changes()
        done = configuration.configure(home, collections, fake)
        sent = ["%s %s" % request[:2] for request in fake.changes()]
        fine = done.rc == 0 and re.search(r"\bchanged=0 .*failed=0\b", done.output) and not sent
        yield Check(
            "second run", "it changes nothing", None if fine else "%s: %s" % (sent, done.output[-1500:])
        )


def as_the_page_says(fake: Fake) -> Iterator[Check]:
    ours = [each for each in fake.store.lists[TEMPLATES].values() if each["playbook"] != configuration.DEPLOY]
    made = {
        each["name"]: page.Template(
            each["playbook"],
            each["job_type"],
            tuple(question["variable"] for question in questions(fake, each["id"])),
        )
        for each in ours
    }
    yield same("job templates", made, page.templates())
    yield same("workflow", edges(fake), page.nodes())
    for name in ("schedules", "notification_templates", "workflow_job_templates"):
        (only,) = fake.store.lists[name].values()
        known = "**%s**" % only["name"] in page.text()
        yield Check(name, "the page names it", None if known else only["name"])


def questions(fake: Fake, template: int) -> list[Json]:
    return list(fake.store.surveys.get(template, {}).get("spec", []))


def same(what: str, made: object, expected: object) -> Check:
    return Check(
        what, "they are what the page says", None if made == expected else "%s\n%s" % (made, expected)
    )


def edges(fake: Fake) -> dict[str, page.Node]:
    """The nodes of the workflow by their identifier."""
    store = fake.store
    nodes = store.lists[NODES]
    runs = {key: each["name"] for kind in page.RUN for key, each in store.lists[kind].items()}
    return {
        node["identifier"]: page.Node(
            runs[node["unified_job_template"]],
            *(
                tuple(nodes[key]["identifier"] for key in store.relations.get((node["id"], edge), []))
                for edge in EDGES
            ),
        )
        for node in nodes.values()
    }


def misspelt(home: Path, collections: Path) -> Iterator[Check]:
    calls = list(configuration.calls())
    options = configuration.documented(home, collections, {call.module for call in calls})
    wrong = {
        call.place: found for call in calls if (found := configuration.unknown(call, options[call.module]))
    }
    yield Check("arguments", "each is one of its module's", str(wrong) if wrong else None)
    missed = [
        (call.place, name)
        for call in calls
        for name in call.arguments
        if not configuration.unknown(
            call._replace(arguments={name + "x": call.arguments[name]}), options[call.module]
        )
    ]
    yield Check("arguments", "each would be missed if it were misspelt", str(missed) if missed else None)
    copied = env.WORK / "awx-misspelt"
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(configuration.PROJECT, copied)
    task = copied / "controller" / "tasks" / "project.yml"
    task.write_text(task.read_text().replace("image:", "imgae:"))
    with serving(configuration.controller()) as fake:
        done = configuration.configure(home, collections, fake, project=copied)
        fine = done.rc == 2 and "Unsupported parameters" in done.output and "imgae" in done.output
        yield Check("a misspelt argument", "it fails the run", None if fine else done.output[-1500:])
        yield Check("a misspelt argument", "nothing was sent", str(fake.changes() or "") or None)


def missing(home: Path, collections: Path) -> Iterator[Check]:
    with serving(configuration.controller()) as fake:
        done = configuration.configure(home, collections, fake, "-e", "awx_deploy_template=Elsewhere")
        message = "No job template is called Elsewhere. Make it, or name another one in names.yml."
        fine = done.rc == 2 and message in done.output and not fake.changes()
    seen = None if fine else done.output
    yield Check("a name that is not there", "it is named before anything is made", seen)


def prove() -> Iterator[Check]:
    home, collections = Path(sys.prefix), awx_collection.installed()
    with ThreadPoolExecutor(2) as pool:
        for checks in pool.map(lambda part: list(part(home, collections)), (configured, misspelt, missing)):
            yield from checks


if __name__ == "__main__":
    sys.exit(print_checks(prove()))
