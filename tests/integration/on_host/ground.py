# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to try the remediation on, or the prevention. It is broken in the same way each time.

The module runs in a fork, so that nothing is imported twice.
"""

import fcntl
import importlib
import json
import os
import pickle
import runpy
import subprocess
import sys
import tempfile
import traceback
import urllib.error
import urllib.request

import state
from ansible.module_utils import basic
from faulty_python import COUNT, Faults

MODULES = "ansible_collections.webmedic.php_fpm.plugins.modules."
STATE = "/var/lib/webmedic-php-fpm"
PRISTINE = "/root/survive/pristine"
UNFINISHED = ("transaction", "transaction.new", "transaction.kept", "transaction.undone")
# Starts again what the break scripts have stopped, masked or killed.
LIKE_NEW = """
systemctl stop webmedic-load 2>/dev/null
systemctl daemon-reload
systemctl reset-failed
systemctl stop "$FPM_UNIT"
setfacl -b "$RUN_DIR" 2>/dev/null
systemd-tmpfiles --create --prefix=/run/php >/dev/null 2>&1
systemctl reset-failed
set -e
systemctl restart nginx "$FPM_UNIT"
"""


class Ran:
    """One run of the module. signal: that ended it, 0 for none; reply: {} when there was none; printed: the
    end of its output; steps: as counted.
    """

    def __init__(self, status, out, err, steps):
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.steps = steps
        self.printed = (out + err)[-1500:]
        try:
            self.reply = json.loads(out)
        except ValueError:
            self.reply = {}
        self.remediation = self.reply.get("remediation") or {}
        self.results = [
            action["result"]
            for action in self.remediation.get("actions", [])
            if action["result"] != "skipped"
        ]
        self.whys = "; ".join(
            action["why"] for action in self.remediation.get("actions", []) if action["why"]
        )

    @property
    def gave_up(self):
        """Whether it failed with a message, before anything was done."""
        return bool(self.reply.get("failed") and self.reply.get("msg"))

    def __str__(self):
        if self.gave_up:
            return "it failed: %s" % self.reply["msg"]
        if not self.remediation:
            return "it ended by signal %s" % self.signal if self.signal else self.printed
        return "%s %s (%s%s)" % (
            self.remediation["outcome"],
            self.results,
            self.whys,
            self.remediation["why"],
        )


class Ground:
    """A host, broken again for each trial in the same way."""

    def __init__(self, job):
        self.job, self.suite = job, job["suite"]
        self.units = ("nginx.service", self.suite["FPM_UNIT"])
        self.module = MODULES + job["module"]
        importlib.import_module(self.module)
        if not os.path.exists(PRISTINE):
            with open(PRISTINE, "wb") as stream:
                pickle.dump(state.look(*state.TREES), stream)
        with open(PRISTINE, "rb") as stream:
            self.pristine = pickle.load(stream)
        self.broken = None

    def bash(self, text, check=True):
        done = subprocess.run(
            ["bash", "-s"],
            input=text.encode(),
            env=dict(os.environ, **self.suite),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode and check:
            raise RuntimeError("the host's own script failed: %s" % done.stdout.decode()[-1500:])
        return done.stdout.decode()

    def clean(self):
        """Make the host like new."""
        state.restore(self.pristine)
        self.forget()
        self.bash(LIKE_NEW)

    def forget(self):
        self.bash("rm -rf %s /run/faulty.*" % STATE)

    def break_it(self):
        """Break the host as the fault does, until the symptom shows."""
        stale = self.broken is not None and state.restore(self.broken)
        self.forget()
        self.bash("%s systemctl reset-failed" % ("systemctl daemon-reload;" if stale else ""))
        self.bash(self.job["breaking"])
        symptom = self.bash(self.job["traffic"])
        if "LAB\twrong" in symptom or "LAB\tok" not in symptom:
            raise RuntimeError("the symptom does not show: %s" % symptom)
        self.broken = state.look(*state.TREES)

    def everything(self):
        return state.everything(*self.units)

    def run(self, step=None, do=None, check_mode=False, **more):
        """Run the module. step, do: where what goes wrong, see faulty_python.py. more: arguments."""
        if os.path.exists(COUNT):
            os.unlink(COUNT)
        arguments = dict(self.job["arguments"], _ansible_check_mode=check_mode, _ansible_diff=True, **more)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = os.fork()
            if not pid:
                self._be_the_module(out, err, step, do, arguments)
            status = os.waitpid(pid, 0)[1]
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode(errors="replace"))
        steps = []
        if os.path.exists(COUNT):
            with open(COUNT) as stream:
                steps = json.load(stream)["steps"]
        return Ran(status, texts[0], texts[1], steps)

    def _be_the_module(self, out, err, step, do, arguments):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        code = 1
        faults = Faults(step, do)
        try:
            basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = (
                json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode(),
                "legacy",
            )
            faults.install()
            sys.modules.pop(self.module, None)
            runpy.run_module(self.module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
        if os.getpid() == faults.pid:
            faults.tell()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)

    def mend(self):
        """Run the module as the next playbook would. Returns what is wrong with the run."""
        ran = self.run()
        if ran.remediation.get("undone") and not ran.results:
            # The run took a change back and reloaded. Its evidence was older than that: make it anew.
            self.bash(self.job["traffic"])
            ran = self.run()
        fine = ran.remediation.get("outcome") in ("done", "nothing_to_do") and all(
            result == "done" for result in ran.results
        )
        return None if fine else str(ran)

    def accepted(self):
        """Why nginx or php-fpm refuses its configuration, else None."""
        for argv in (["nginx", "-t", "-q"], [self.suite["FPM_BIN"], "-t", "-y", self.suite["FPM_CONF"]]):
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                return "%s: %s" % (" ".join(argv), done.stdout.decode()[-400:])
        return None

    def page(self):
        """What is wrong with the site's page, else None."""
        try:
            request = urllib.request.Request(
                "http://127.0.0.1/index.php", headers={"Host": self.job.get("site", "shop.example")}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                return "HTTP %d" % answer.status if answer.status != 200 else None
        except (urllib.error.URLError, OSError) as error:
            return "no page: %s" % error

    def left_over(self):
        """What a run left behind, and must not."""
        remains = [path for path in state.look(*state.TREES) if ".webmedic" in os.path.basename(path)]
        remains += [name for name in UNFINISHED if os.path.lexists(os.path.join(STATE, name))]
        with open("/proc/self/mountinfo") as stream:
            remains += [line for line in stream if " webmedic " in line]
        lock = os.path.join(STATE, "lock")
        if os.path.exists(lock):
            with open(lock) as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    remains.append("the lock is held")
        return remains
