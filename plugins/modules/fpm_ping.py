#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One question to a pool: is a worker free for a client with nginx's rights?"""

DOCUMENTATION = r"""
module: fpm_ping
short_description: Ask php-fpm pools whether a worker is free to answer nginx
version_added: 0.1.0
description:
  - Connects to each endpoint with the rights of nginx's worker user and asks for the FastCGI management
    record C(FCGI_GET_VALUES). An answer proves, in one go, permission, path, listener, protocol and a free
    worker.
  - Needs nothing in the pool's configuration, no C(ping.path), no status page and no script. Runs no PHP, and
    leaves no line in the pool's access log.
  - A pool without an answer is a result, RV(answered=false), and never fails the task. Use it in C(until).
  - It is a connection like any other. The pool counts it under C(accepted conn), and a pool with C(pm =
    ondemand) starts a worker for it.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  endpoints:
    description:
      - What to ask, as nginx or a pool writes it. C(unix:/path), C(/path), C(address:port) or a C(port) of
        this host.
      - All are asked at the same time.
    type: list
    elements: str
    required: true
    aliases: [endpoint]
  user:
    description:
      - The account whose rights to connect with.
      - By default the account of the nginx workers that are running on the host. Where none runs, the module
        connects as the user it runs as.
      - Taking another account's rights needs root. Without root the module connects as the user it runs as,
        and says so in RV(missing).
    type: str
  timeout:
    description: How many seconds an endpoint may take to accept and to answer. A free worker takes about a
      millisecond.
    type: float
    default: 3.0
seealso:
  - module: webmedic.php_fpm.fpm_socket_info
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Wait until the pool answers after a restart
  webmedic.php_fpm.fpm_ping:
    endpoint: unix:/run/php/php8.2-fpm.sock
  register: ping
  until: ping.answered
  retries: 10
  delay: 1

- name: Ask two pools as an account of your choice
  webmedic.php_fpm.fpm_ping:
    endpoints:
      - /run/php/shop.sock
      - 127.0.0.1:9000
    user: nginx
    timeout: 1
  register: pools

- name: Stop the play where a pool does not answer
  ansible.builtin.assert:
    that: pools.answered
    fail_msg: "{{ pools.message }}"
"""

RETURN = r"""
answered:
  description: Whether a worker of every endpoint answered.
  returned: success
  type: bool
  sample: false
result:
  description:
    - RV(endpoints[].result) of the first endpoint that did not answer, V(answered) when all did.
  returned: success
  type: str
  sample: no_answer
ms:
  description: Milliseconds that the slowest answer took, none when an endpoint did not answer.
  returned: success
  type: float
  sample: 0.41
message:
  description: RV(endpoints[].message) of all endpoints that did not answer, else of all.
  returned: success
  type: str
  sample: "unix:/run/php/shop.sock accepted the connection of www-data, but no worker answered within 3 s: 2
    are busy and 5 connections wait."
endpoints:
  description: One entry for each endpoint, in the order of O(endpoints).
  returned: success
  type: list
  elements: dict
  contains:
    endpoint:
      description: The endpoint in the form in which this collection writes it everywhere.
      type: str
      returned: success
    answered:
      description: Whether a worker answered.
      type: bool
      returned: success
    ms:
      description: Milliseconds from the start of the connection to the answer. Much above 100 means that the
        connection waited in a queue.
      type: float
      returned: success
    result:
      description:
        - V(answered), or what went wrong.
        - On the way there V(missing), V(denied), V(refused), V(full), V(timeout), V(unreachable) or V(error).
        - After the connection V(no_answer), V(closed) or V(not_fastcgi).
      type: str
      returned: success
    as_user:
      description: The account whose rights were used, none for the user that the module ran as.
      type: str
      returned: success
    message:
      description: The result in one sentence.
      type: str
      returned: success
  sample:
    - answered: false
      as_user: www-data
      endpoint: unix:/run/php/shop.sock
      message: "unix:/run/php/shop.sock accepted the connection of www-data, but no worker answered within 3
        s: 2 are busy and 5 connections wait."
      ms: null
      result: no_answer
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample: []
"""

from typing import TYPE_CHECKING, Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.endpoints import (
    collect_endpoints,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.identity import (
    named_identity,
    running_identity,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.endpoint import canonical
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.blocked_words import why_blocked

if TYPE_CHECKING:
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.endpoint import Endpoint


def message(key: str, endpoint: "Endpoint", seconds: float) -> str:
    """The result for a person: what was tried, what came back, and where to look next."""
    connect, probe = endpoint["connect"], endpoint["probe"]
    who = connect["as_user"] or "the module's own user"
    accepted = "%s accepted the connection of %s" % (key, who)
    if probe["ms"] is not None:
        return "a worker of %s answered %s in %g ms." % (key, who, probe["ms"])
    if probe["result"] == "no_answer":
        load = ""
        if probe["queue"] is not None:
            load = ": %d are busy and %d connections wait" % (probe["accepted"] or 0, probe["queue"])
        return "%s, but no worker answered within %g s%s." % (accepted, seconds, load)
    if probe["result"] == "closed":
        return (
            accepted + " and closed it without an answer: see the pool's listen.allowed_clients and its log."
        )
    if probe["result"] == "not_fastcgi":
        return "%s, but what answers there does not speak FastCGI (%s)." % (accepted, probe["detail"])
    sentence = "connecting to %s as %s: %s" % (key, who, connect["error"] or connect["result"])
    if connect["blocked_by"]:
        sentence += "; %s: %s" % (connect["blocked_by"]["path"], why_blocked(connect["blocked_by"]))
    elif connect["result"] == "missing" and endpoint["listening"]:
        sentence += "; a process still listens on a file that is gone from this path, and only its restart "
        sentence += "brings the file back"
    elif connect["result"] == "refused":
        sentence += "; nothing accepts connections there"
    elif connect["result"] == "full":
        sentence += "; its backlog of %s connections is full" % endpoint["backlog"]
    return sentence + "."


def summary(keys: List[str], endpoints: Dict[str, "Endpoint"], seconds: float) -> Dict[str, Any]:
    rows: List[Dict[str, Any]] = []
    for key in keys:
        connect, probe = endpoints[key]["connect"], endpoints[key]["probe"]
        rows.append(
            {
                "endpoint": key,
                "answered": probe["result"] == "answered",
                "ms": probe["ms"],
                "as_user": connect["as_user"],
                "result": connect["result"] if probe["result"] == "not_tried" else probe["result"],
                "message": message(key, endpoints[key], seconds),
            }
        )
    silent = [row for row in rows if not row["answered"]]
    return {
        "answered": not silent,
        "result": silent[0]["result"] if silent else "answered",
        "ms": None if silent else max(row["ms"] for row in rows),
        "message": " ".join(row["message"] for row in silent or rows),
        "endpoints": rows,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "endpoints": {"type": "list", "elements": "str", "required": True, "aliases": ["endpoint"]},
            "user": {"type": "str"},
            "timeout": {"type": "float", "default": 3.0},
        },
        supports_check_mode=True,
    )
    keys = list(
        dict.fromkeys(canonical(written) for written in module.params["endpoints"] if written.strip())
    )
    seconds = module.params["timeout"]
    if not keys:
        module.fail_json(
            msg="The option endpoints is an empty list: name at least one endpoint, as in "
            "unix:/run/php/php8.2-fpm.sock."
        )
    if seconds <= 0:
        module.fail_json(msg="The option timeout is %g: it is a number of seconds above 0." % seconds)
    host = Host()
    procs = processes(host)
    identity = running_identity(host, procs)
    if module.params["user"]:
        identity = named_identity(host, module.params["user"], identity)
        if identity is None:
            module.fail_json(
                msg="Looked up the account %s of the option user on this host, and there is none: name the "
                "user of nginx's workers." % module.params["user"]
            )
    endpoints = collect_endpoints(host, keys, identity, procs, seconds)
    module.exit_json(changed=False, **sendable(dict(summary(keys, endpoints, seconds), missing=host.missing)))


if __name__ == "__main__":
    main()
