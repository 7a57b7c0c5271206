# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_ping: a negative answer is a result, each is said in a sentence, and only a wrong question fails."""

import socket
import tempfile
import threading
from typing import Any, Callable, Dict, Iterator, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_ping

Run = Callable[..., Dict[str, Any]]

KEY = "unix:/run/php/a.sock"
FPM = bytes.fromhex("010a0000001206000f01464347495f4d5058535f434f4e4e5330000000000000")  # php-fpm 8.2
DENIED, GONE, REFUSED = "Permission denied", "No such file or directory", "Connection refused"


@pytest.fixture(name="run")
def fixture_run(run_module: Run) -> Run:
    return lambda **arguments: run_module(fpm_ping, None, **arguments)


@pytest.fixture(name="pool")
def fixture_pool() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        server = socket.socket(socket.AF_UNIX)
        server.bind(directory + "/a.sock")
        server.listen(4)

        def answer() -> None:
            while True:
                try:
                    peer = server.accept()[0]
                except OSError:
                    return
                peer.recv(100)
                peer.sendall(FPM)
                peer.close()

        threading.Thread(target=answer, daemon=True).start()
        yield directory + "/a.sock"
        server.close()


def endpoint(connect: Any = None, probe: Any = None, **more: Any) -> Dict[str, Any]:
    """What the collector gives of an endpoint that accepts connections and was not asked more."""
    connected = {"as_user": "www-data", "result": "ok", "errno": None, "error": None, "blocked_by": None}
    silent = {
        "result": "not_tried",
        "ms": None,
        "detail": None,
        "waited": 0.0,
        "queue": None,
        "accepted": None,
    }
    return dict(
        {
            "connect": dict(connected, **(connect or {})),
            "probe": dict(silent, **(probe or {})),
            "listening": True,
            "backlog": 511,
        },
        **more,
    )


def answered(ms: float) -> Dict[str, Any]:
    return endpoint(probe={"result": "answered", "ms": ms})


def no_connection(result: str, error: Optional[str] = None, **more: Any) -> Dict[str, Any]:
    as_user = more.pop("as_user", "www-data")
    blocked_by = more.pop("blocked_by", None)
    return endpoint({"result": result, "error": error, "as_user": as_user, "blocked_by": blocked_by}, **more)


class TestReply:
    """What real sockets give."""

    def test_a_pool_that_answers(self, run: Any, pool: str) -> None:
        reply = run(endpoint=[pool])
        assert (reply["answered"], reply["result"], reply["changed"]) == (True, "answered", False)
        assert reply["ms"] > 0 and reply["endpoints"][0]["endpoint"] == "unix:" + pool

    def test_a_silent_pool_is_a_result_and_no_failure(self, run: Any, pool: str) -> None:
        reply = run(endpoints=["unix:" + pool, "/nowhere/b.sock", pool])
        assert "failed" not in reply
        assert (reply["answered"], reply["result"], reply["ms"]) == (False, "missing", None)
        assert [row["answered"] for row in reply["endpoints"]] == [True, False]
        assert "/nowhere/b.sock" in reply["message"] and pool not in reply["message"]

    @pytest.mark.parametrize(
        "arguments, says",
        [
            ({"endpoints": []}, "empty list"),
            ({"endpoints": [KEY], "timeout": 0}, "above 0"),
            ({"endpoints": [KEY], "user": "no-such-account"}, "no-such-account"),
        ],
    )
    def test_a_wrong_question_fails_with_its_reason(
        self, run: Any, arguments: Dict[str, Any], says: str
    ) -> None:
        reply = run(**arguments)
        assert reply["failed"] and says in reply["msg"]


class TestWords:
    """How a result is said."""

    @pytest.mark.parametrize(
        "row, says",
        [
            (answered(0.41), "a worker of unix:/run/php/a.sock answered www-data in 0.41 ms."),
            (
                endpoint(probe={"result": "no_answer", "queue": 5, "accepted": 2}),
                "no worker answered within 3 s: 2 are busy and 5 connections wait.",
            ),
            (endpoint(probe={"result": "no_answer"}), "no worker answered within 3 s."),
            (endpoint(probe={"result": "closed"}), "listen.allowed_clients"),
            (
                endpoint(probe={"result": "not_fastcgi", "detail": "first bytes: 'HTTP'"}),
                "does not speak FastCGI (first bytes: 'HTTP').",
            ),
            (
                no_connection("denied", DENIED, blocked_by={"path": "/run/php", "why": "mode 0700"}),
                "connecting to unix:/run/php/a.sock as www-data: Permission denied; /run/php: mode 0700.",
            ),
            (no_connection("missing", GONE), "a process still listens on a file that is gone"),
            (no_connection("missing", GONE, listening=False), "No such file or directory."),
            (no_connection("refused", REFUSED), "nothing accepts connections there."),
            (
                no_connection("full", "Resource temporarily unavailable"),
                "backlog of 511 connections is full.",
            ),
            (no_connection("timeout", as_user=None), "as the module's own user: timeout."),
        ],
    )
    def test_each_result_is_a_sentence(self, row: Dict[str, Any], says: str) -> None:
        message = fpm_ping.message(KEY, row, 3.0)
        assert message.endswith(says) or says in message[:-1]

    def test_the_first_silent_pool_gives_the_result(self) -> None:
        refused = no_connection("refused", REFUSED)
        reply = fpm_ping.summary(["a", "b"], {"a": answered(0.4), "b": refused}, 3.0)
        assert (reply["answered"], reply["ms"], reply["result"]) == (False, None, "refused")
        assert "connecting to b" in reply["message"] and "of a" not in reply["message"]

    def test_the_slowest_answer_gives_the_time(self) -> None:
        reply = fpm_ping.summary(["a", "b"], {"a": answered(0.4), "b": answered(80.5)}, 3.0)
        assert (reply["answered"], reply["ms"], reply["result"]) == (True, 80.5, "answered")
