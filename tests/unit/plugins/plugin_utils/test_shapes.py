# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each field of the report is declared once: the reader, the schema and the documentation agree with it."""

from __future__ import annotations

import os
import re
from typing import Any, Literal, Union, get_origin

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.modules import (
    diagnosis_info,
    fleet_report,
    fpm_info,
    fpm_socket_info,
    fpm_worker_info,
    oom_info,
    remediation,
    upstream_error_info,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes import report as report_shape
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.artifact import Artifact
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.config import ConfigProblem
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.endpoint import Endpoint
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.finding import (
    Evidence,
    Facts,
    Finding,
    Remedy,
    RuledOut,
    Site,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.logs import Event, LogFile
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.memory import (
    EarlyKill,
    Kill,
    Memory,
    Segfault,
    Worker,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.missing import Missing
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.php_fpm import (
    ConfigTest,
    Master,
    PoolDetail,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.plan import Planned
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.pool_use import WorkersOfPool
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.remediation import (
    FindingResult,
    Remediation,
    Shown,
    Still,
    Taken,
    Undone,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.snapshot import Stranger
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.unit import Unit
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils import report_schema
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import action, remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    finding,
    run,
)

TYPES = {str: "str", int: "int", float: "float", bool: "bool"}
DIAGNOSIS, FLEET, REMEDIATION = (
    yaml.safe_load(module.RETURN) for module in (diagnosis_info, fleet_report, remediation)
)
DONE = REMEDIATION["remediation"]
FPM, WORKERS, OOM, LOGS, SOCKETS = (
    yaml.safe_load(module.RETURN)
    for module in (fpm_info, fpm_worker_info, oom_info, upstream_error_info, fpm_socket_info)
)
MASTERS = FPM["masters"]["contains"]
# What no module returns of the engine's own, or beside the report.
BESIDE = {"window", "snapshot", "msg"}


def documented_type(kind: Any) -> str:
    """The word of RETURN for a type."""
    if get_origin(kind) is Union:
        return documented_type(bounds.inner(kind))
    if get_origin(kind) is Literal:
        return "str"
    if get_origin(kind) is list:
        return "list"
    return TYPES.get(kind, "dict")


def types_of(shape: type) -> dict[str, str]:
    return {name: documented_type(field.kind) for name, field in bounds.fields_of(shape).items()}


def named_in(entry: dict[str, Any]) -> set[str]:
    """The fields that the description of a RETURN entry names."""
    return set(re.findall(r"C\((\w+)\)", " ".join(entry["description"])))


def prose(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with its description as a list."""
    about = entry["description"]
    return {**entry, "description": [about] if isinstance(about, str) else about}


class TestSchema:
    def test_it_is_the_one_of_the_shapes(self) -> None:
        with open(os.path.join(ROOT, "docs", "report.schema.json"), encoding="utf-8") as stream:
            assert stream.read() == report_schema.report_schema(), "run: python3 -m tests.run.report_schema"
        with open(os.path.join(ROOT, "docs", "artifact.schema.json"), encoding="utf-8") as stream:
            assert stream.read() == report_schema.artifact_schema(), "run: python3 -m tests.run.report_schema"

    def test_every_bound_is_of_a_declared_field(self) -> None:
        for shape, fields in bounds.BOUNDS.items():
            assert set(fields) <= set(bounds.fields_of(shape)), shape

    def test_every_shape_written_by_the_controller_is_declared(self) -> None:
        for shape, written in report_schema.WRITTEN.items():
            assert set(written) <= set(bounds.fields_of(shape)), shape


class TestGate:
    @pytest.mark.parametrize(("shape", "item"), [
        (Finding, finding()), (Taken, action()), (Remediation, remedied()["remediation"]),
        (report_shape.Diagnosis, remedied(strangers=[])),
    ])  # fmt: skip
    def test_the_declared_keys_come_through_and_no_others(self, shape: type, item: dict[str, Any]) -> None:
        assert set(bounds.reader_of(shape)({**item, "more": 1}, "")) == set(bounds.fields_of(shape))

    def test_a_new_plain_field_needs_its_declaration_alone(self) -> None:
        class Wider(Taken):
            attempts: int

        assert bounds.reader_of(Wider)({**action(), "attempts": 3}, "")["attempts"] == 3
        made = report_schema.Maker().of_shape(Wider)["properties"]["attempts"]
        assert made == {"$ref": "#/$defs/count"}


class TestTypes:
    @pytest.mark.parametrize(
        "name",
        [
            os.path.join("reports", "remedies.py"),
            os.path.join("terminal", "table.py"),
            os.path.join("shapes", "report.py"),
        ],
    )
    def test_what_reads_the_report_knows_its_fields(self, name: str) -> None:
        with open(os.path.join(ROOT, "plugins", "plugin_utils", name), encoding="utf-8") as stream:
            assert not re.search(r"\bAny\b", stream.read())


class TestReport:
    def test_it_has_the_declared_keys(self) -> None:
        made = report.build({"a": remedied(), "b": None}, 900, NOW, run=run())
        assert set(made["run"]) == set(bounds.fields_of(report_shape.Run))
        assert set(made) == set(bounds.fields_of(report_shape.Report)) - {"gate"}
        assert set(made["summary"]) == set(bounds.fields_of(report_shape.Summary))
        both = set(made["hosts"]["a"]) | set(made["hosts"]["b"])
        assert both == set(bounds.fields_of(report_shape.HostEntry)) - {"snapshot"}

    def test_what_a_job_publishes_has_the_declared_keys(self) -> None:
        made = report.artifact(report.build({"a": remedied()}, 900, NOW, run=run()))
        assert set(made) == set(bounds.fields_of(Artifact)) - {"gate"}
        assert set(made["remediation"]) == set(bounds.fields_of(report_shape.Tally))


class TestReturn:
    """RETURN of the modules. What it describes in prose, it shows in a sample as well."""

    @pytest.mark.parametrize(("entry", "shape"), [
        (DIAGNOSIS["findings"], Finding), (DONE, Remediation),
        (FLEET["report"], Artifact),
        (FLEET["report"]["contains"]["remediation"], report_shape.Tally),
        (FPM["masters"], Master), (WORKERS["pools"], WorkersOfPool), (OOM["kills"], Kill),
        (LOGS["events"], Event), (LOGS["files"], LogFile),
    ])  # fmt: skip
    def test_the_fields_and_their_types_are_the_declared_ones(
        self, entry: dict[str, Any], shape: type
    ) -> None:
        assert {name: about["type"] for name, about in entry["contains"].items()} == types_of(shape)

    @pytest.mark.parametrize(
        ("documented", "beside"), [(DIAGNOSIS, {"remediation", "diff"}), (REMEDIATION, set())]
    )
    def test_a_module_returns_the_fields_of_a_diagnosis(
        self, documented: dict[str, Any], beside: set[str]
    ) -> None:
        types = {name: about["type"] for name, about in documented.items() if name not in BESIDE}
        declared = types_of(report_shape.Diagnosis)
        assert types == {name: kind for name, kind in declared.items() if name not in beside}

    @pytest.mark.parametrize(("entry", "shape", "of_others"), [
        (DIAGNOSIS["plan"], Planned, set()), (DIAGNOSIS["missing"], Missing, set()),
        (DIAGNOSIS["strangers"], Stranger, set()),
        (DIAGNOSIS["findings"]["contains"]["evidence"], Evidence, set()),
        (DIAGNOSIS["findings"]["contains"]["facts"], Facts, set()),
        (DIAGNOSIS["findings"]["contains"]["servers"], Site, set()),
        (DIAGNOSIS["findings"]["contains"]["ruled_out"], RuledOut, set()),
        (DIAGNOSIS["findings"]["contains"]["remedy"], Remedy, set()),
        (DONE["contains"]["undone"], Undone, set()), (DONE["contains"]["still"], Still, set()),
        (DONE["contains"]["actions"], Taken, set(bounds.fields_of(Planned))),
        (DONE["contains"]["findings"], FindingResult, set()),
        (MASTERS["pools"], PoolDetail, set()), (MASTERS["unit_state"], Unit, {"name"}),
        (MASTERS["test"], ConfigTest, set()), (MASTERS["config_errors"], ConfigProblem, set()),
        (SOCKETS["endpoints"], Endpoint, {"made_by"}), (WORKERS["workers"], Worker, set()),
        (WORKERS["memory"], Memory, set()),
    ])  # fmt: skip
    def test_every_declared_field_is_named(
        self, entry: dict[str, Any], shape: type, of_others: set[str]
    ) -> None:
        assert set(bounds.fields_of(shape)) - of_others <= named_in(prose(entry))

    @pytest.mark.parametrize(("entry", "shape"), [
        (OOM["segfaults"], Segfault), (OOM["earlyoom"], EarlyKill), (DIAGNOSIS["missing"], Missing),
    ])  # fmt: skip
    def test_no_other_field_is_named(self, entry: dict[str, Any], shape: type) -> None:
        about = prose(entry)["description"][0].split("each with ")[1]
        assert set(re.findall(r"C\((\w+)\)", about)) == set(bounds.fields_of(shape))

    @pytest.mark.parametrize(("sample", "shape"), [
        (DIAGNOSIS["findings"]["sample"][0], Finding), (DIAGNOSIS["plan"]["sample"][0], Planned),
        (DIAGNOSIS["missing"]["sample"][0], Missing), (DIAGNOSIS["strangers"]["sample"][0], Stranger),
        (DONE["sample"], Remediation), (DONE["sample"]["actions"][0], Taken),
        (DONE["sample"]["findings"][0], FindingResult),
        (DONE["sample"]["findings"][0]["before"], Shown),
    ])  # fmt: skip
    def test_a_sample_has_the_declared_fields(self, sample: dict[str, Any], shape: type) -> None:
        assert set(sample) == set(bounds.fields_of(shape))
        assert bounds.reader_of(shape)(sample, "") == sample
