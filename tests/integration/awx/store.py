# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a fake controller, and what its API answers of them: (method, path, query, body) to (status,
body). No network here.

It is stricter than AWX in one thing: a field that it does not know is refused, where AWX lets it pass unseen.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.integration.awx import rules
from tests.integration.awx.objects import EDGES, KINDS, NODES, SURVEYED, UNIFIED, Field, Json

Answer = tuple[int, Any]
# Words of a query that choose no object.
PAGING = ("page", "page_size", "order_by")


class Refused(Exception):
    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Store:
    """playbooks: paths in the project, which a job template may name."""

    def __init__(self, playbooks: Iterable[str]) -> None:
        self.playbooks = set(playbooks)
        self.lists: dict[str, dict[int, Json]] = {name: {} for name in KINDS}
        self.surveys: dict[int, Json] = {}
        self.relations: dict[tuple[int, str], list[int]] = {}
        self.last_id = 0

    def add(self, kind: str, **fields: Any) -> Json:
        """An object that is there before anyone asks."""
        return self._create(kind, fields)

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Json) -> Answer:
        try:
            return self._answer(method, [part for part in path.split("/") if part][2:], query, body)
        except Refused as refused:
            return refused.status, refused.body

    def _answer(self, method: str, parts: list[str], query: Mapping[str, str], body: Json) -> Answer:
        if parts[0] == "tokens":
            return (
                (201, {"id": 1, "token": "t", "url": "/api/v2/tokens/1/"})
                if method == "POST"
                else (204, None)
            )
        if parts[0] == "unified_job_templates" and len(parts) == 1:
            return 200, self._page([each for name in UNIFIED for each in self._all(name)], query)
        if parts[0] not in KINDS:
            raise Refused(404, {"detail": "Not found."})
        if len(parts) == 1 and method == "POST":
            return 201, self._create(parts[0], body)
        if len(parts) == 1:
            return 200, self._page(self._all(parts[0]), query)
        found = self.lists[parts[0]].get(int(parts[1])) if parts[1].isdigit() else None
        if found is None:
            raise Refused(404, {"detail": "Not found."})
        if len(parts) == 2:
            return self._single(method, parts[0], found, body)
        return self._below(method, parts[0], found, parts[2], body)

    def _single(self, method: str, name: str, found: Json, body: Json) -> Answer:
        if method == "DELETE":
            del self.lists[name][found["id"]]
            return 204, None
        if method == "PATCH":
            self._check(name, {**found, **body}, body)
            found.update(body)
        return 200, self._shown(name, found)

    def _below(self, method: str, name: str, found: Json, relation: str, body: Json) -> Answer:
        if relation == "survey_spec" and name in SURVEYED:
            return self._survey(method, found, body)
        if relation == "create_approval_template":
            # The modules send fields of the node along; AWX takes what an approval has.
            known = {
                key: value
                for key, value in body.items()
                if key in KINDS["workflow_approval_templates"].fields
            }
            approval = self._create("workflow_approval_templates", known)
            found["unified_job_template"] = approval["id"]
            return 201, approval
        if relation not in KINDS[name].related:
            raise Refused(404, {"detail": "Not found."})
        ids = self.relations.setdefault((found["id"], relation), [])
        target = KINDS[name].related[relation]
        if method == "POST":
            self._relate(name, found, relation, ids, body)
            return 204, None
        return 200, self._page([self._shown(target, self.lists[target][number]) for number in ids], {})

    def _relate(self, name: str, found: Json, relation: str, ids: list[int], body: Json) -> None:
        other = self.lists[KINDS[name].related[relation]].get(body["id"])
        if other is None:
            raise Refused(400, {"detail": "no object %s" % body["id"]})
        if body.get("disassociate"):
            ids.remove(body["id"])
            return
        if relation in EDGES and (
            other["workflow_job_template"] != found["workflow_job_template"] or self._leads_to(other, found)
        ):
            raise Refused(400, {"detail": "The node belongs to another workflow, or the edge makes a cycle."})
        ids.append(body["id"])

    def _leads_to(self, node: Json, wanted: Json) -> bool:
        if node["id"] == wanted["id"]:
            return True
        children = [key for edge in EDGES for key in self.relations.get((node["id"], edge), [])]
        return any(self._leads_to(self.lists[NODES][key], wanted) for key in children)

    def _survey(self, method: str, found: Json, body: Json) -> Answer:
        if method == "GET":
            return 200, self.surveys.get(found["id"], {})
        if method == "DELETE":
            self.surveys.pop(found["id"], None)
            return 200, {}
        wrong = list(rules.survey(body))
        if wrong:
            raise Refused(400, {"error": "; ".join(wrong)})
        self.surveys[found["id"]] = body
        return 200, {}

    def _create(self, name: str, body: Json) -> Json:
        # The module's own word for what it makes.
        values = {key: value for key, value in body.items() if key != "type"}
        made = {key: field.default for key, field in KINDS[name].fields.items()} | values
        self._check(name, made, values)
        missing = [key for key in KINDS[name].required if key not in values]
        if missing:
            raise Refused(400, {key: ["This field is required."] for key in missing})
        self.last_id += 1
        self.lists[name][self.last_id] = {"id": self.last_id, **made}
        return self._shown(name, self.lists[name][self.last_id])

    def _check(self, name: str, whole: Json, values: Json) -> None:
        fields = KINDS[name].fields
        if name == "workflow_approval_templates":
            values = {key: value for key, value in values.items() if key in fields}
        wrong = {key: [self._wrong(fields.get(key), value)] for key, value in values.items()}
        errors = {key: value for key, value in wrong.items() if value != [""]}
        beyond = [] if errors else self._beyond(name, whole)
        if beyond:
            errors["__all__"] = beyond
        if errors:
            raise Refused(400, errors)

    def _wrong(self, field: Field | None, value: Any) -> str:
        if field is None:
            return "no such field"
        if value is None and field.default is None:
            return ""
        if not isinstance(value, field.types):
            return "%r is no %s" % (value, field.types[0].__name__)
        if field.choices and value not in field.choices:
            return "%r is not a valid choice." % value
        if field.link == "unified_job_templates":
            return "" if self._template(value) else "no object %s" % value
        if field.link and value not in self.lists[field.link]:
            return "no object %s" % value
        return ""

    def _beyond(self, name: str, whole: Json) -> list[str]:
        """What AWX refuses of an object as a whole."""
        if name == "notification_templates":
            return list(rules.notification(whole))
        if name == "job_templates":
            missing = whole["playbook"] not in self.playbooks
            return ["Playbook not found for project: %s" % whole["playbook"]] if missing else []
        template = self._template(whole.get("unified_job_template"))
        if not template:
            return []
        questions = (
            self.surveys.get(template["id"], {}).get("spec", []) if template.get("survey_enabled") else []
        )
        wrong = rules.launch(whole, template, questions, required=name == "schedules")
        return [*wrong, *(rules.rrule(whole["rrule"]) if name == "schedules" else ())]

    def _template(self, wanted: object) -> Json | None:
        found = (each for name in UNIFIED for number, each in self.lists[name].items() if number == wanted)
        return next(found, None)

    def _all(self, name: str) -> list[Json]:
        return [self._shown(name, found) for found in self.lists[name].values()]

    def _shown(self, name: str, found: Json) -> Json:
        url = "/api/v2/%s/%d/" % (name, found["id"])
        related = {key: url + key + "/" for key in KINDS[name].related}
        if name in SURVEYED:
            related["survey_spec"] = url + "survey_spec/"
        owner = next(
            (kind for kind in UNIFIED if found.get("unified_job_template") in self.lists[kind]), None
        )
        if owner:
            related["unified_job_template"] = "/api/v2/%s/%d/" % (owner, found["unified_job_template"])
        shown = {"type": KINDS[name].type, "url": url, "related": related, "summary_fields": {}}
        return {**found, **shown, **({"scm_revision": "0"} if name == "projects" else {})}

    @staticmethod
    def _page(found: list[Json], query: Mapping[str, str]) -> Json:
        wanted = {key: value for key, value in query.items() if key not in PAGING}
        either = {key[len("or__") :]: wanted.pop(key) for key in list(wanted) if key.startswith("or__")}
        unknown = [key for key in {**wanted, **either} if not any(key in each for each in found)]
        if unknown and found:
            raise Refused(400, {"detail": "no field %s" % ", ".join(unknown)})
        kept = [
            each
            for each in found
            if all(str(each.get(key)) == value for key, value in wanted.items())
            and (not either or any(str(each.get(key)) == value for key, value in either.items()))
        ]
        return {"count": len(kept), "next": None, "previous": None, "results": kept}
