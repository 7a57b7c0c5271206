# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tests run a module: with its arguments as the engine passes them, to its reply on
standard output.
"""

import json
import signal
from typing import Any, Callable, Dict, Optional

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


@pytest.fixture(autouse=True)
def fixture_no_alarm(monkeypatch: Any) -> None:
    """A module that ends its own process in time would end that of the tests, much later."""
    monkeypatch.setattr(signal, "alarm", lambda seconds: 0)


@pytest.fixture(name="run_module")
def fixture_run_module(capsys: Any, monkeypatch: Any) -> Callable[..., Dict[str, Any]]:
    """run_module(module, host, **arguments). host: None for this machine."""
    # A module ends itself by an alarm; one that is left would end the tests minutes later.
    monkeypatch.setattr(signal, "alarm", lambda _seconds: 0)

    def run(module: Any, host: Optional[FakeHost] = None, **arguments: Any) -> Dict[str, Any]:
        options = dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        if host is not None:
            monkeypatch.setattr(module, "Host", lambda: host)
        with pytest.raises(SystemExit) as ended:
            module.main()
        reply: Dict[str, Any] = json.loads(capsys.readouterr().out)
        assert ended.value.code == (1 if reply.get("failed") else 0)
        return reply

    return run
