#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx and php-fpm logged about failed requests in a window of time."""

DOCUMENTATION = r"""
module: upstream_error_info
short_description: Read what nginx and php-fpm logged about failed requests
version_added: 0.1.0
description:
  - Finds the window of time in the error logs of nginx and of php-fpm, whatever their size, and reads only
    that. Counts the messages by what they mean, and by the site, endpoint or pool that they are about.
  - Reads rotated and gzip-compressed logs only when the window reaches back before the current file.
  - Lines that visitors or applications placed in a log to imitate a message are dropped and counted, see
    RV(files[].untrusted).
  - Changes nothing on the host, with or without check mode.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
  - webmedic.php_fpm.look
options:
  error_logs:
    description:
      - Paths of the error logs of nginx to read.
      - Without it, those that the configuration of nginx names.
    type: list
    elements: path
  fpm_logs:
    description:
      - Paths of the error logs of php-fpm to read.
      - Without it, those that the configurations of the php-fpm masters name.
    type: list
    elements: path
requirements:
  - Root on the host, or the right to read the logs. A log that cannot be read is listed in RV(missing).
notes:
  - At most 4 MiB of a log are read, the newest of the window; RV(files[].complete) is then false.
  - Query strings, referrers, cookies, tokens and other secrets in the samples are redacted on the host.
  - A log that goes to syslog, to the journal or to a pipe is not read.
seealso:
  - module: webmedic.php_fpm.diagnosis_info
  - module: webmedic.php_fpm.oom_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Read the last quarter of an hour
  webmedic.php_fpm.upstream_error_info:
  register: upstream

- name: Count the requests that ended in 502 or 504
  ansible.builtin.debug:
    msg: "{{ upstream.events | selectattr('detail.status', 'defined') | selectattr('detail.status', 'in',
      [502, 504]) | sum(attribute='count') }}"

- name: Read a log that no configuration names any more
  webmedic.php_fpm.upstream_error_info:
    window: 86400
    error_logs:
      - /var/log/nginx/old-shop.error.log
    fpm_logs: []
"""

RETURN = r"""
events:
  description: One entry for each message, site, endpoint, pool and master, in the order of their first
    occurrence.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: V(nginx) or V(fpm).
      type: str
      returned: success
    signature:
      description: Stable id of the message.
      type: str
      returned: success
    count:
      description: How often it was logged in the window.
      type: int
      returned: success
    first:
      description: Time of the first one in epoch seconds.
      type: float
      returned: success
    last:
      description: Time of the last one in epoch seconds.
      type: float
      returned: success
    times:
      description: Times of the last 16.
      type: list
      elements: float
      returned: success
    site:
      description: The first name of the server block, for messages of nginx about a request.
      type: str
      returned: success
    endpoint:
      description: What nginx dialled, C(unix:/path) or C(address:port). Upstreams of other protocols keep
        their scheme, such as C(http://).
      type: str
      returned: success
    pool:
      description: The pool, for messages of php-fpm about one.
      type: str
      returned: success
    master:
      description: Configuration file of the php-fpm master that wrote the message.
      type: str
      returned: success
    pids:
      description: Process ids, at most 16. Those of workers of nginx, or of php-fpm's children.
      type: list
      elements: int
      returned: success
    passed:
      description:
        - True for failed tries that nginx passed on to another server, whose failure has an event of its own.
        - False where nginx does not ask another server, since it had sent a request such as POST.
      type: bool
      returned: where the log tells
    caught:
      description: C(fastcgi_catch_stderr) of the site names this text, so nginx throws the answer away.
      type: bool
      returned: by M(webmedic.php_fpm.diagnosis_info) alone, where it does
    front:
      description: PHP refuses the front page of the site, or each script by its name in the configuration.
      type: bool
      returned: by M(webmedic.php_fpm.diagnosis_info) alone, where it does
    own:
      description: The visitors have an address of the host itself, other than loopback.
      type: bool
      returned: by M(webmedic.php_fpm.diagnosis_info) alone, where a pool gave no answer and they have
    none_left:
      description: nginx had no server of the upstream left then.
      type: bool
      returned: where it had none
    own_page:
      description: Of an access log, whether a 502 has the size of nginx's own page.
      type: bool
      returned: where the log tells and no C(error_page) is for it
      version_added: 0.15.0
    tried:
      description: Of an access log, the servers that a lost request was passed to, in their order.
      type: list
      elements: str
      returned: where they were several
    revisits:
      description: How the visitors whose requests failed fared with the same requests. A diagnosis alone
        looks for it.
      type: list
      elements: dict
      returned: never here
      version_added: 0.14.0
    detail:
      description:
        - What the last message says in particular, such as C(errno), C(status) (what the visitor gets),
          C(signal), C(code), C(limit) or C(seconds).
        - What nginx names stands there, too, such as C(path), C(script) or C(zone).
        - C(claimed) is true for words of a worker, which the application can imitate.
      type: dict
      returned: success
    sample:
      description: The last message, with C(path), C(at) and C(text).
      type: dict
      returned: success
  sample:
    - count: 6
      detail: {errno: 110, status: 504}
      endpoint: unix:/run/php/dyn.sock
      first: 1795387695.0
      last: 1795387695.0
      master: null
      pids: [105]
      pool: null
      sample:
        at: 1795387695.0
        path: /var/log/nginx/error.log
        text: '2026/11/22 22:48:15 [error] 105#105: *63 upstream timed out (110: Connection timed out) while
          reading response header from upstream'
      signature: ng-timeout-header
      site: shop.example
      source: nginx
      times: [1795387695.0]
files:
  description: The logs that were looked at.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      returned: success
    kind:
      description: V(nginx_error) or V(fpm_error).
      type: str
      returned: success
    size:
      description: Bytes of the file.
      type: int
      returned: success
    from_at:
      description: Time of the first message found in the window. None without any.
      type: float
      returned: success
    to_at:
      description: Time of the last message found in the window.
      type: float
      returned: success
    bytes_read:
      description: Bytes that were read to find and to read the window.
      type: int
      returned: success
    complete:
      description: Whether the whole window was read.
      type: bool
      returned: success
    why:
      description: Why it was not.
      type: str
      returned: success
    untrusted:
      description: How many messages were dropped because visitors or an application may have forged them.
      type: int
      returned: success
    earlier:
      description: The last lost request that was seen before the window, with C(at), C(status) and C(site).
        None where one was lost in the window, or none was seen.
      type: dict
      returned: for a log of nginx without a loss in the window
      version_added: 0.4.0
    begins:
      description: Time of the first entry of an error log of nginx. What it told of earlier may be gone.
      type: float
      returned: where it is in the window, and no log before it is
      version_added: 0.15.0
  sample:
    - bytes_read: 151208
      complete: true
      earlier: null
      from_at: 1795387666.0
      kind: nginx_error
      path: /var/log/nginx/error.log
      size: 75604
      to_at: 1795387695.0
      untrusted: 0
      why: null
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /var/log/nginx/error.log
      what: nginx_log
      why: Permission denied
"""

from typing import List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs.logs import (
    LogsToRead,
    collect_logs,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.silent_logs import miss_silent
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.window import window_problem
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.titles import PROGRAMS


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "window": {"type": "int", "default": 900},
            "error_logs": {"type": "list", "elements": "path"},
            "fpm_logs": {"type": "list", "elements": "path"},
        },
        supports_check_mode=True,
    )
    why = window_problem(module.params["window"])
    if why:
        module.fail_json(msg=why)
    host = Host()
    now = host.now()
    procs = processes(host)
    error_logs = module.params["error_logs"]
    if error_logs is None:
        nginx = collect_nginx(host, procs)
        error_logs = nginx["error_logs"]
        miss_silent(host, nginx)
    if module.params["fpm_logs"] is None:
        masters = collect_fpm(host, procs, test="never")["masters"]
        fpm_logs: List[Tuple[str, Optional[str]]] = [
            (master["error_log"], master["config"]) for master in masters if master["error_log"]
        ]
    else:
        fpm_logs = [(path, None) for path in module.params["fpm_logs"]]
    nginx_pids = [process.pid for process in procs if process.comm.startswith(PROGRAMS["nginx"])]
    logs = collect_logs(
        host, LogsToRead(error_logs, fpm_logs, nginx_pids), now - module.params["window"], now
    )
    module.exit_json(changed=False, **sendable(dict(logs, missing=host.missing)))


if __name__ == "__main__":
    main()
