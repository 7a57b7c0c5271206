# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fpm_ping: a negative answer is a result, each is said in a sentence, and only a wrong question fails."""

import json
import socket
import tempfile
import threading
from typing import Any, Dict, Iterator

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.modules import fpm_ping

KEY = "unix:/run/php/a.sock"
FPM = bytes.fromhex("010a0000001206000f01464347495f4d5058535f434f4e4e5330000000000000")  # php-fpm 8.2


def run(capsys: Any, monkeypatch: Any, **arguments: Any) -> Dict[str, Any]:
    """The module's reply, as it goes over the wire."""
    given = dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    with pytest.raises(SystemExit):
        fpm_ping.main()
    return json.loads(capsys.readouterr().out)


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


def found(connect: Dict[str, Any], probe: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    return dict(
        {
            "connect": dict(
                {"as_user": "www-data", "result": "ok", "errno": None, "error": None, "blocked_by": None},
                **connect,
            ),
            "probe": dict(
                {
                    "result": "not_tried",
                    "ms": None,
                    "detail": None,
                    "waited": 0.0,
                    "queue": None,
                    "accepted": None,
                },
                **probe,
            ),
            "listening": True,
            "backlog": 511,
        },
        **more,
    )


def test_a_pool_that_answers(capsys: Any, monkeypatch: Any, pool: str) -> None:
    told = run(capsys, monkeypatch, endpoint=[pool])
    assert (told["answered"], told["result"], told["changed"]) == (True, "answered", False)
    assert told["ms"] > 0 and told["endpoints"][0]["endpoint"] == "unix:" + pool


def test_a_pool_that_does_not_answer_is_a_result_and_not_a_failure(
    capsys: Any, monkeypatch: Any, pool: str
) -> None:
    told = run(capsys, monkeypatch, endpoints=["unix:" + pool, "/nowhere/b.sock", pool])
    assert "failed" not in told
    assert (told["answered"], told["result"], told["ms"]) == (False, "missing", None)
    assert [row["answered"] for row in told["endpoints"]] == [True, False]
    assert "/nowhere/b.sock" in told["message"] and pool not in told["message"]


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"endpoints": []}, "empty list"),
        ({"endpoints": [KEY], "timeout": 0}, "above 0"),
        ({"endpoints": [KEY], "user": "no-such-account"}, "no-such-account"),
    ],
)
def test_a_wrong_question_fails_and_says_what_is_wrong(
    capsys: Any, monkeypatch: Any, arguments: Dict[str, Any], says: str
) -> None:
    told = run(capsys, monkeypatch, **arguments)
    assert told["failed"] and says in told["msg"]


@pytest.mark.parametrize(
    "row, says",
    [
        (
            found({}, {"result": "answered", "ms": 0.41}),
            "a worker of unix:/run/php/a.sock answered www-data in 0.41 ms.",
        ),
        (
            found({}, {"result": "no_answer", "queue": 5, "accepted": 2}),
            "no worker answered within 3 s: 2 are busy and 5 connections wait.",
        ),
        (found({}, {"result": "no_answer"}), "no worker answered within 3 s."),
        (found({}, {"result": "closed"}), "listen.allowed_clients"),
        (
            found({}, {"result": "not_fastcgi", "detail": "first bytes: 'HTTP'"}),
            "does not speak FastCGI (first bytes: 'HTTP').",
        ),
        (
            found(
                {
                    "result": "denied",
                    "error": "Permission denied",
                    "blocked_by": {"path": "/run/php", "why": "mode 0700"},
                },
                {},
            ),
            "connecting to unix:/run/php/a.sock as www-data: Permission denied; /run/php: mode 0700.",
        ),
        (
            found({"result": "missing", "error": "No such file or directory"}, {}),
            "a process still listens on a file that is gone",
        ),
        (
            found({"result": "missing", "error": "No such file or directory"}, {}, listening=False),
            "No such file or directory.",
        ),
        (
            found({"result": "refused", "error": "Connection refused"}, {}),
            "nothing accepts connections there.",
        ),
        (
            found({"result": "full", "error": "Resource temporarily unavailable"}, {}),
            "backlog of 511 connections is full.",
        ),
        (found({"result": "timeout", "as_user": None}, {}), "as the module's own user: timeout."),
    ],
)
def test_each_result_is_a_sentence(row: Dict[str, Any], says: str) -> None:
    assert fpm_ping.message(KEY, row, 3.0).endswith(says) or says in fpm_ping.message(KEY, row, 3.0)[:-1]


def test_the_first_silent_pool_gives_the_result_and_the_slowest_answer_the_time() -> None:
    good, slow = found({}, {"result": "answered", "ms": 0.4}), found({}, {"result": "answered", "ms": 80.5})
    bad = found({"result": "refused", "error": "Connection refused"}, {})
    told = fpm_ping.summary(["a", "b"], {"a": good, "b": slow}, 3.0)
    assert (told["answered"], told["ms"], told["result"]) == (True, 80.5, "answered")
    told = fpm_ping.summary(["a", "b"], {"a": good, "b": bad}, 3.0)
    assert (told["answered"], told["ms"], told["result"]) == (False, None, "refused")
    assert "connecting to b" in told["message"] and "of a" not in told["message"]
