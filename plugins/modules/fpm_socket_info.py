#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints between nginx and php-fpm: files, listeners, queues, and a probe with nginx's rights."""

DOCUMENTATION = r"""
module: fpm_socket_info
short_description: Look at the sockets between nginx and php-fpm and try them as nginx
version_added: 0.1.0
description:
  - Tells for each endpoint what is at its path, who may connect, who listens, how many connections wait and
    how many are being served.
  - Tells what a client with the rights of nginx's worker user gets when it connects and asks.
  - The queue and the backlog come from the kernel, so that they are right for unix sockets, too, where
    php-fpm's status page always says 0.
  - Names the file or directory that refuses nginx, and why, from owner, mode and POSIX ACL.
  - Tells a socket file that was deleted or replaced under a running php-fpm from one that nobody listens on.
  - The probe runs no PHP and needs nothing in the pool's configuration, see M(webmedic.php_fpm.fpm_ping).
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  endpoints:
    description:
      - What to look at, as nginx or a pool writes it. C(unix:/path), C(/path), C(address:port) or a C(port)
        of this host.
      - By default every endpoint that nginx's configuration dials and every one that a php-fpm pool listens
        on.
    type: list
    elements: str
  user:
    description:
      - The account whose rights to connect with.
      - By default the account of nginx's workers, from the running ones or from nginx's configuration.
      - Taking another account's rights needs root. Without root the module connects as the user it runs as,
        and says so in RV(missing).
    type: str
  probe_timeout:
    description:
      - How many seconds an endpoint may take to accept and to answer. All are tried at the same time.
      - V(0) connects to nothing.
    type: float
    default: 3.0
requirements:
  - Root on the host. Without it less can be seen, and what could not be seen is listed in RV(missing).
notes:
  - A pool counts the probe under C(accepted conn), and a pool with C(pm = ondemand) starts a worker for it.
    O(probe_timeout=0) avoids both.
  - The probe has the rights of nginx's user, and not its SELinux domain or AppArmor profile.
    A refusal by one of these shows in nginx's log as "Permission denied" where RV(endpoints) says V(ok).
seealso:
  - module: webmedic.php_fpm.fpm_ping
  - module: webmedic.php_fpm.fpm_info
  - module: webmedic.php_fpm.fastcgi_route_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Look at every socket between nginx and php-fpm
  webmedic.php_fpm.fpm_socket_info:
  register: sockets

- name: Show what keeps nginx out
  ansible.builtin.debug:
    msg: "{{ item.key }}: {{ item.value.connect.blocked_by.why }}"
  loop: "{{ sockets.endpoints | dict2items | selectattr('value.connect.blocked_by') }}"

- name: Look at one socket without connecting to it
  webmedic.php_fpm.fpm_socket_info:
    endpoints:
      - unix:/run/php/shop.sock
    probe_timeout: 0
"""

RETURN = r"""
endpoints:
  description:
    - Endpoint, in the form in which this collection writes it everywhere, to what is known about it.
    - C(family), C(path), C(address) and C(port). Where it is.
    - C(exists), C(type), C(link_to), C(real_path), C(owner), C(group), C(uid), C(gid), C(mode), C(acl),
      C(selinux) and C(parents). The file of a unix socket and the directories on the way to it, as nginx
      sees them.
    - C(listening), C(listeners), C(inode_matches) and C(listener_path). The processes that hold a listening
      socket for it, and whether the file at the path is the one that they bound. C(listener_path) is where
      that file is when it is in a file system view of their own (C(PrivateTmp)).
    - C(beside). Others than php-fpm that listen at another address of the name. It is there where any do.
    - C(name_source). Of a name in C(/etc/hosts), C(path) is the file that was changed last of those that say
      where it leads, and C(changed_at) when. It is there since 0.15.0.
    - C(queue), C(backlog) and C(accepted). Connections that wait, how many may, and those that processes have
      taken.
    - C(waiting). Of those that wait, C(live) have a client who still waits and C(dead) one who has gone.
    - C(abandoned). Of those that were taken, how many have a client who has gone. V(null) where the kernel
      does not tell.
    - C(flow). Where nobody answered the probe, what happened in those C(seconds). Requests that C(arrived)
      and that were C(answered).
    - C(hidden). What a unit's sandbox hides on the way to the socket, with C(path), C(who) (V(nginx) or
      V(php-fpm)), C(unit) and C(setting).
    - C(connect). C(tried), C(as_user), C(result), C(errno), C(error) and C(blocked_by). That has what
      refuses, with its C(path), C(owner), C(group), C(mode) and who is refused. C(why) is the sentence.
    - C(probe). C(result), C(ms), C(detail), C(waited), and C(queue) and C(accepted) right after the wait was
      in vain. That C(queue) counts the probe's own connection.
    - C(addresses). For an endpoint by name, what each of its addresses answered.
  returned: success
  type: dict
  sample:
    unix:/run/php/shop.sock:
      abandoned: 0
      accepted: 0
      acl: null
      address: null
      addresses: null
      backlog: 511
      connect:
        as_user: www-data
        blocked_by:
          acl: false
          applies: other
          group: root
          kind: socket
          masked: false
          mode: "0600"
          owner: root
          path: /run/php/shop.sock
          user: www-data
          wanted: w
          why: "mode 0600, owner root:root: www-data is neither root nor in group root, and others have no
            write (w) permission"
        errno: 13
        error: Permission denied
        result: denied
        tried: true
      exists: true
      family: unix
      flow: null
      gid: 0
      group: root
      hidden: null
      inode_matches: true
      link_to: null
      listener_path: null
      listeners:
        - cmdline: "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"
          comm: php-fpm8.2
          exe: /usr/sbin/php-fpm8.2
          fpm: true
          master_config: /etc/php/8.2/fpm/php-fpm.conf
          pid: 317
          pool: null
          unit: php8.2-fpm.service
      listening: true
      mode: "0600"
      owner: root
      parents:
        - acl: null
          group: root
          mode: "0755"
          owner: root
          path: /
      path: /run/php/shop.sock
      port: null
      probe:
        accepted: null
        detail: null
        ms: null
        queue: null
        result: not_tried
        waited: 0.0
      queue: 0
      real_path: /run/php/shop.sock
      selinux: null
      type: socket
      uid: 0
      waiting:
        dead: 0
        live: 0
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: null
      what: connect_as_nginx
      why: "only root can dial as www-data: dialled as ourselves"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.endpoints import (
    collect_endpoints,
    identity_of,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.identity import named_identity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.endpoint import canonical
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.blocked_words import why_blocked


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "endpoints": {"type": "list", "elements": "str"},
            "user": {"type": "str"},
            "probe_timeout": {"type": "float", "default": 3.0},
        },
        supports_check_mode=True,
    )
    host = Host()
    procs = processes(host)
    nginx = collect_nginx(host, procs)
    identity = identity_of(nginx)
    if module.params["user"]:
        identity = named_identity(host, module.params["user"], identity)
        if identity is None:
            module.fail_json(
                msg="Looked up the account %s of the option user on this host, and there is none: name the "
                "user of nginx's workers." % module.params["user"]
            )
    if module.params["endpoints"]:
        keys = [canonical(written) for written in module.params["endpoints"] if written.strip()]
    else:
        keys = [target["endpoint"] for route in nginx["routes"] for target in route["endpoints"]]
        keys += [
            pool["endpoint"]
            for master in collect_fpm(host, procs)["masters"]
            for pool in master["pools"]
            if pool["endpoint"]
        ]
    endpoints = collect_endpoints(host, keys, identity, procs, module.params["probe_timeout"])
    for facts in endpoints.values():
        blocked = facts["connect"]["blocked_by"]
        if blocked:
            blocked["why"] = why_blocked(blocked)
    module.exit_json(changed=False, **sendable({"endpoints": endpoints, "missing": host.missing}))


if __name__ == "__main__":
    main()
