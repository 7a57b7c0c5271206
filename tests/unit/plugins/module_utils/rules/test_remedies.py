# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules ask actions for: each remedy hands its action the arguments that it reads, in their types."""

from typing import Any, Dict, Iterator, Type, get_type_hints

from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.arguments import read
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import FILES, PREVENTIVE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent import (
    test_registry as of_risks,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.test_registry import (
    snapshots,
)

SHAPES: Dict[str, Type[Any]] = {file.ACTION.id: file.Arguments for file in (*FILES, *PREVENTIVE)}


def remedies() -> Iterator[Dict[str, Any]]:
    """Of all saved snapshots and of all hits."""
    risky = [make() for name in of_risks.NAMES for make in of_risks.hits(name).values()]
    # The live socket alone was opened there; here its file says so, too.
    opened = of_risks.hits("exposed")["socket_open_to_all"]().with_pool(listen_mode="0666")
    for snapshot in snapshots() + risky + [opened]:
        for item in diagnose_ahead(snapshot)["findings"]:
            for remedy in item["remedy"]:
                yield dict(remedy)


def fits(value: Any, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, (int, float))
    if isinstance(hint, type) and not getattr(hint, "__args__", None):
        return isinstance(value, hint)
    if isinstance(value, list):
        return all(fits(each, hint.__args__[0]) for each in value)
    return any(fits(value, each) for each in hint.__args__)


class TestRemedies:
    def test_each_action_gets_what_it_reads(self) -> None:
        seen = set()
        for remedy in remedies():
            shape = SHAPES[remedy["action"]]
            arguments, hints = read(shape, remedy["action"], remedy["arguments"]), get_type_hints(shape)
            wrong = [name for name, hint in hints.items() if not fits(getattr(arguments, name), hint)]
            assert not wrong, (remedy, wrong)
            seen.add(remedy["action"])
        assert seen == set(SHAPES), "no host asks for %s" % (set(SHAPES) - seen)

    def test_a_type_is_told_from_another(self) -> None:
        hints = get_type_hints(SHAPES["nginx_reload"])
        assert fits(["/etc/nginx/nginx.conf"], hints["files"]) and not fits([1], hints["files"])
        optional = get_type_hints(SHAPES["pool_size_set"])["unit"]
        assert fits(None, optional) and fits("php.service", optional) and not fits(1, optional)
