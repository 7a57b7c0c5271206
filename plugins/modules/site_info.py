#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site on this host would be like: where its files go, and how many workers there is room for."""

DOCUMENTATION = r"""
module: site_info
short_description: Tell where the files of a site go and how large its php-fpm pool may be
version_added: 0.7.0
description:
  - Looks at nginx and php-fpm of a host, and tells what a new site there has to be like. The role
    P(webmedic.php_fpm.site#role) fills its templates with it.
  - Chooses the php-fpm, its directory of pools and of sockets, and the directory of sites that nginx
    includes. Chooses whether nginx is let in as the socket's owner or by an ACL, as the host does it already.
  - Sizes the pool by the same bounds as the remediation, within what all other pools leave. Once the pool is
    there, its number of workers stays, unless it does not fit any more.
  - Changes nothing.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options:
  name:
    description: Name of the site, its pool and its files.
    type: str
    required: true
  user:
    description: The account that runs the site's PHP. It need not be there yet.
    type: str
    required: true
  shared_user:
    description: Whether the account may be nginx's, or that of another pool.
    type: bool
    default: false
  php_version:
    description: As in V(8.2). Empty for the one that has the site's pool, or for the newest that is
      installed.
    type: str
    default: ""
  pm:
    description: How the pool starts its workers.
    type: str
    choices: [dynamic, ondemand]
    default: dynamic
  max_children:
    description: How many workers a person wants. V(0) for as many as there is room for.
    type: int
    default: 0
  server_names:
    description: The names of the site. With O(adopt), the file that serves them is the site's from now on.
    type: list
    elements: str
    default: []
  vhost_dir:
    description: The directory for nginx's file. Empty for the one that nginx includes for sites.
    type: str
    default: ""
  adopt:
    description: Whether a file that serves O(server_names), and that the role did not write, may become the
      site's.
    type: bool
    default: false
requirements:
  - Root on the host, to read configurations and to measure workers.
seealso:
  - module: webmedic.php_fpm.site_pair
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Ask where a site would go, and how many workers it would get
  webmedic.php_fpm.site_info:
    name: shop
    user: shop
  register: there

- name: Show how the pool was sized
  ansible.builtin.debug:
    var: there.site.explain
"""

RETURN = r"""
site:
  description: What the templates of a site are filled with.
  returned: success
  type: dict
  contains:
    vhost:
      description: Path of nginx's file.
      type: str
      returned: success
      sample: /etc/nginx/sites-enabled/shop.conf
    pool:
      description: Path of the pool's file.
      type: str
      returned: success
      sample: /etc/php/8.2/fpm/pool.d/shop.conf
    socket:
      description: Path of the pool's socket.
      type: str
      returned: success
      sample: /run/php/php8.2-shop.sock
    status_socket:
      description: Path of the socket of the pool's status page. V(null) where this PHP has no
        C(pm.status_listen).
      type: str
      returned: success
      sample: /run/php/php8.2-shop.status.sock
    config:
      description: Main configuration file of the php-fpm.
      type: str
      returned: success
      sample: /etc/php/8.2/fpm/php-fpm.conf
    unit:
      description: Unit of systemd that starts it.
      type: str
      returned: success
      sample: php8.2-fpm.service
    php_version:
      description: Version of PHP, as paths tell it. V(null) where they do not.
      type: str
      returned: success
      sample: "8.2"
    acl:
      description: Whether nginx is let in by an ACL, and not as the owner of the socket.
      type: bool
      returned: success
    backlog:
      description: How many requests may wait for a worker.
      type: int
      returned: success
      sample: 511
    nginx_user:
      description: Account of nginx's workers.
      type: str
      returned: success
      sample: www-data
    nginx_group:
      description: Its group.
      type: str
      returned: success
      sample: www-data
    nginx_version:
      description: Version of nginx.
      type: str
      returned: success
      sample: 1.22.1
    nginx_workers:
      description: How many workers nginx has.
      type: int
      returned: success
      sample: 2
    http2_directive:
      description: Whether C(http2) is a directive in this nginx, and not a word of C(listen).
      type: bool
      returned: success
    http2_listen:
      description: Whether C(http2) belongs to C(listen). It then counts for all servers of an address, so it
        is not where another one listens with TLS and without it.
      type: bool
      returned: success
    ipv6:
      description: Whether the host has IPv6.
      type: bool
      returned: success
    fastcgi_params:
      description: Path of nginx's list of parameters for PHP.
      type: str
      returned: success
      sample: /etc/nginx/fastcgi_params
    log_dir:
      description: Directory of nginx's logs.
      type: str
      returned: success
      sample: /var/log/nginx
    account:
      description: Whether the account is there.
      type: bool
      returned: success
    max_children:
      description: Number of workers.
      type: int
      returned: success
      sample: 12
    bound:
      description: What decides it, one of V(memory), V(cpu), V(process.max), V(asked) and V(kept).
      type: str
      returned: success
      sample: memory
    pool_settings:
      description: Directives of the pool that hold that number, with their values.
      type: list
      elements: list
      returned: success
    explain:
      description: Where the number comes from, for a person.
      type: list
      elements: str
      returned: success
    warning:
      description: Where the pools together may want more memory than there is. V(null) where not.
      type: str
      returned: success
"""

from typing import TYPE_CHECKING, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.capacity import (
    SOMAXCONN,
    capacity,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.site import Seen, look, program_version
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import count
from ansible_collections.webmedic.php_fpm.plugins.module_utils.site import places
from ansible_collections.webmedic.php_fpm.plugins.module_utils.site.size import Wish, size_site
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

if TYPE_CHECKING:
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.php_fpm import Master
    from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.site import Site, SitePlaces

IPV6 = "/proc/net/if_inet6"


def vhosts(host: Host, seen: Seen, name: str, names: List[str], adopt: bool) -> List[str]:
    """nginx's files that are the site's, or are to become so."""
    written = [file.path for file in seen.of_site(name, "")]
    others = list(dict.fromkeys(server.file for server in seen.servers if set(server.names) & set(names)))
    if written or not adopt or not others:
        return written
    strange = [
        server.file
        for server in seen.servers
        if server.file in others and not set(server.names) <= set(names)
    ]
    if strange or others[1:]:
        raise Refusal(
            "%s serves other names, too, or is not the only file that serves these: it cannot be adopted"
            % (strange + others)[0]
        )
    return [host.realpath(others[0]) if host.readlink(others[0]) else others[0]]


def places_of(
    host: Host, seen: Seen, master: "Master", wanted: places.Wanted, known: List[str]
) -> "SitePlaces":
    nginx = seen.nginx
    socket, status = places.sockets(
        master, wanted.name, program_version(host, master["binary"] or "") >= (8, 0)
    )
    config = nginx["config"] or ""
    vhost = places.vhost_path(nginx, seen.includes[""], wanted, known)
    others = [server.listens for server in seen.servers if host.realpath(server.file) != host.realpath(vhost)]
    new_http2 = places.numbers(nginx["version"]) >= places.HTTP2_DIRECTIVE
    return {
        "vhost": vhost,
        "pool": places.pool_path(master, seen.includes[master["config"]], wanted.name),
        "socket": socket,
        "status_socket": status,
        "config": master["config"],
        "unit": master["unit"] or "",
        "php_version": master["version"],
        "acl": places.by_acl(master, wanted.name),
        "backlog": min(places.MOST_WAITING, count((host.text(SOMAXCONN) or "").strip()) or 128),
        "nginx_user": nginx["user"] or "",
        "nginx_group": nginx["group"] or nginx["user"] or "",
        "nginx_version": nginx["version"] or "",
        "nginx_workers": max(1, len(nginx["workers"])),
        "http2_directive": new_http2,
        "http2_listen": not new_http2 and places.http2_for_all(others),
        "ipv6": bool((host.text(IPV6) or "").strip()),
        "fastcgi_params": config.rpartition("/")[0] + "/fastcgi_params",
        "log_dir": places.log_folder(nginx),
        "account": host.account(wanted.user) is not None,
    }


def site(host: Host, module: AnsibleModule) -> "Site":
    options = module.params
    wanted = places.Wanted(
        options["name"],
        options["user"],
        options["shared_user"],
        options["php_version"],
        options["vhost_dir"],
    )
    if not host.is_root():
        raise Refusal("only root can look at all of it: become root")
    seen = look(host)
    if not seen.nginx["running"] or not seen.nginx["unit"]:
        raise Refusal("nginx does not run on this host, or systemd did not start it")
    account = host.account(wanted.user)
    why = places.user_refusal(seen.nginx, seen.masters, wanted, account.uid if account else None)
    if why:
        raise Refusal(why)
    versions = {
        master["config"]: program_version(host, master["binary"] or "")
        for master in seen.masters
        if not master["version"] and master["binary"]
    }
    has_site = [file.config for file in seen.of_site(wanted.name) if file.config]
    master = places.master_for(seen.masters, wanted, versions, has_site)
    known = vhosts(host, seen, wanted.name, options["server_names"], options["adopt"])
    wish = Wish(master["config"], wanted.name, options["pm"], options["max_children"], master["process_max"])
    size = size_site(capacity(host, seen.procs, seen.masters), wish)
    return {**places_of(host, seen, master, wanted, known), **size}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "shared_user": {"type": "bool", "default": False},
            "php_version": {"type": "str", "default": ""},
            "pm": {"type": "str", "choices": ["dynamic", "ondemand"], "default": "dynamic"},
            "max_children": {"type": "int", "default": 0},
            "server_names": {"type": "list", "elements": "str", "default": []},
            "vhost_dir": {"type": "str", "default": ""},
            "adopt": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        found = site(Host(), module)
    except Refusal as refusal:
        module.fail_json(msg="No site can be made here: %s." % refusal)
    if found["warning"]:
        module.warn(found["warning"])
    module.exit_json(changed=False, site=found)


if __name__ == "__main__":
    main()
