# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where everything of a test run lies: the state directory, virtual environments, interpreters, the copy of
the checkout.

It runs before anything is installed, so it needs the standard library alone. ``python3 -m tests.run.env venv
dev`` builds the developer's environment and prints its path. ``python3 -m tests.run.env tree`` copies the
checkout. ``python3 -m tests.run.env lock`` resolves the requirements anew.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WORK = Path(os.environ.get("WEBMEDIC_WORK") or CHECKOUT / ".cache" / "webmedic").resolve()
COLLECTION = Path("ansible_collections") / "webmedic" / "php_fpm"
REQUIREMENTS = CHECKOUT / "requirements"
LOCKS = REQUIREMENTS / "locks"
LOWEST_PYTHON = {"core-2.21": "3.12"}  # of an environment, where it is not that of controller()
# uv resolves nothing for the old Pythons of hosts, the second makes uv; the third is no environment.
UNLOCKED = ("target", "uv", "awx")
TARGET_PYTHONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def sh(argv: Sequence[object], env: dict[str, str] | None = None) -> None:
    """Runs a command that must succeed; its output is shown when it does not."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env
    )
    if done.returncode:
        sys.exit("%s ended with %s:\n%s" % (" ".join(words), done.returncode, done.stdout))


def apt(package: str) -> None:
    """Installs a missing Debian package where we may; says in one line what is missing where we may not."""
    if os.geteuid() or not shutil.which("apt-get"):
        sys.exit(
            "the Debian package %s is missing here, and we cannot install it: that takes root and apt-get"
            % package
        )
    print("installing %s" % package, file=sys.stderr)
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    sh(["apt-get", "update", "-qq"])
    sh(["apt-get", "install", "-qq", "-y", "--no-install-recommends", package], env=quiet)


def interpreter(version: str) -> str | None:
    """A real Python of that version, e.g. 3.11. Never a pyenv shim: it exists for versions that are not
    active and answers 127.
    """
    places = [
        Path("/usr/bin"),
        Path("/usr/local/bin"),
        *sorted((Path.home() / ".pyenv" / "versions").glob(version + ".*/bin"), reverse=True),
    ]
    return next(
        (str(place / ("python" + version)) for place in places if (place / ("python" + version)).exists()),
        None,
    )


def controller() -> str:
    """The Python for our own tools: ansible-core 2.19 wants 3.11 to 3.13."""
    python = os.environ.get("PYTHON") or next(filter(None, map(interpreter, ("3.11", "3.12", "3.13"))), None)
    if not python:
        sys.exit(
            "no Python from 3.11 to 3.13 here: install python3 of Debian 12 or newer, or set PYTHON to one"
        )
    return python


def uv() -> Path:
    wanted = REQUIREMENTS / "uv.txt"
    home = WORK / "venv" / ("uv-" + hashlib.sha256(wanted.read_bytes()).hexdigest()[:12])
    if not (home / "done").exists():
        if subprocess.run(
            [controller(), "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False
        ).returncode:
            apt("python3-venv")
        sh([controller(), "-m", "venv", "--clear", home])
        sh([home / "bin" / "pip", "install", "-q", "-r", wanted])
        (home / "done").touch()
    return home / "bin" / "uv"


def venv(name: str, python: str) -> Path:
    """The environment of requirements/<name>.txt on that Python, with what its lock says in full. It is built
    once for each content of the file.
    """
    wanted = (REQUIREMENTS if name in UNLOCKED else LOCKS) / (name + ".txt")
    key = hashlib.sha256(wanted.read_bytes() + os.path.realpath(python).encode()).hexdigest()[:12]
    home = WORK / "venv" / ("%s-%s" % (name, key))
    with locked(home.name):
        if not (home / "done").exists():
            sh([uv(), "venv", "-q", "--clear", "--python", python, home])
            compiled = [] if python.endswith("3.6") else ["--compile-bytecode"]  # uv's compiler needs 3.7
            sh(
                [uv(), "pip", "install", "-q", *compiled, "-r", wanted],
                env=dict(os.environ, VIRTUAL_ENV=str(home)),
            )
            (home / "done").touch()
    return home


def lock_requirements() -> None:
    """Each package of each environment, with the hashes of its files, resolved by uv for all platforms."""
    for wanted in sorted(REQUIREMENTS.glob("*.txt")):
        if wanted.stem in UNLOCKED:
            continue
        lowest = LOWEST_PYTHON.get(wanted.stem, "3.11")
        how = ["--universal", "--python-version", lowest, "--generate-hashes", "--upgrade"]
        what = ["--no-header", "--no-annotate", "--no-emit-index-url", wanted, "-o", LOCKS / wanted.name]
        sh([uv(), "pip", "compile", "-q", *how, *what])


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """What has this name is made by one step at a time."""
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / (name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tree(name: str = "tree") -> Path:
    """The copy of that name; see copy()."""
    with locked(name):
        return copy(WORK / name)


def copy(root: Path) -> Path:
    """A real copy of the checkout at <root>/ansible_collections/webmedic/php_fpm; returns root.

    ansible-test refuses links, and finds nothing in a directory that git ignores unless that is a repository
    of its own.
    """
    home = root / COLLECTION
    home.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True
    ).stdout
    wanted = {path for path in listed.decode().split("\0") if path and os.path.lexists(CHECKOUT / path)}
    for path in wanted:
        source, target = CHECKOUT / path, home / path
        if (
            target.exists()
            and target.stat().st_mtime_ns == source.stat().st_mtime_ns
            and target.stat().st_size == source.stat().st_size
        ):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for directory, names, files in os.walk(home):
        names[:] = [entry for entry in names if entry != ".git"]
        for entry in files:
            if os.path.relpath(os.path.join(directory, entry), home) not in wanted:
                os.unlink(os.path.join(directory, entry))
    for directory, _names, _files in os.walk(home, topdown=False):
        if ".git" not in Path(directory).relative_to(home).parts and not os.listdir(directory):
            os.rmdir(directory)
    if not (home / ".git").exists():
        sh(["git", "init", "-q", home])
    return root


def environ(home: Path, collections: Path | str | None = None, **more: str) -> dict[str, str]:
    """The environment of a tool from the venv at home: real directories on PATH, and nothing of the user's
    own Ansible.
    """
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "MOLECULE_", "VIRTUAL_ENV", "PYTHONPATH"))
    }
    base = Path(os.path.realpath(home / "bin" / "python")).parent
    kept["PATH"] = ":".join([str(home / "bin"), str(base), SYSTEM_PATH])
    kept["ANSIBLE_HOME"] = str(WORK / "ansible")
    kept["WEBMEDIC_WORK"] = str(WORK)
    if collections:
        kept["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    kept["NO_COLOR"] = "1"
    kept.setdefault("LC_ALL", "C.UTF-8")
    kept.update(more)
    return kept


def install_pip_stub() -> None:
    """ansible-test looks here before it downloads; one name for each of its versions."""
    cache = Path.home() / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in ("23_1_2", "24_2", "25_2"):
        target = cache / ("get_pip_%s.py" % version)
        if not target.exists():
            shutil.copy(CHECKOUT / "tests" / "tools" / "get_pip.py", target)


def main(argv: Sequence[str]) -> None:
    if argv[:1] == ["tree"]:
        print(tree())
    elif len(argv) == 2 and argv[0] == "venv":
        print(venv(argv[1], controller()))
    elif argv == ["lock"]:
        lock_requirements()
    else:
        sys.exit("usage: python3 -m tests.run.env tree|lock|venv NAME")


if __name__ == "__main__":
    main(sys.argv[1:])
