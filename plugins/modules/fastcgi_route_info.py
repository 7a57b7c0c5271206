#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From virtual host to pool: where nginx sends PHP requests, and whether a pool listens there."""

DOCUMENTATION = r"""
module: fastcgi_route_info
short_description: Follow every route from an nginx virtual host to a php-fpm pool
version_added: 0.1.0
description:
  - Reads nginx's configuration with all its includes, the way nginx reads it. Lists each C(fastcgi_pass) with
    the virtual host, the location, the file and line, the timeouts that hold there and the endpoints behind
    it.
  - Resolves named upstreams, and variables where only one value is possible.
  - Finds the php-fpm pool that listens on each endpoint, through symbolic links too. Names each mismatch
    between what nginx dials and what php-fpm listens on.
  - Runs C(nginx -V) and nothing else of nginx. It never runs C(nginx -t) or C(nginx -T), which create files.
extends_documentation_fragment:
  - webmedic.php_fpm.attributes
  - webmedic.php_fpm.attributes.info
options: {}
requirements:
  - Root on the host, where the configuration of nginx or php-fpm is not readable to all. What could not be
    read is listed in RV(missing).
notes:
  - The configuration is read as it is on disk. RV(nginx.config_newer) tells whether it changed after the
    running workers had started.
  - An endpoint on another host has no pool here and is no mismatch. A pool that listens on every address of
    this host counts for any address with its port.
seealso:
  - module: webmedic.php_fpm.fpm_info
  - module: webmedic.php_fpm.fpm_socket_info
  - module: webmedic.php_fpm.diagnosis_info
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Follow the routes
  webmedic.php_fpm.fastcgi_route_info:
  register: fastcgi

- name: Show which pool serves which site
  ansible.builtin.debug:
    msg: "{{ item.site }} {{ item.location }} -> {{ item.pools | map(attribute='pool') | join(', ') }}"
  loop: "{{ fastcgi.routes }}"
  loop_control:
    label: "{{ item.file }}:{{ item.line }}"

- name: Stop a deployment while a site dials a socket that no pool listens on
  ansible.builtin.assert:
    that: fastcgi.routes | selectattr('mismatch') | length == 0
    fail_msg: "{{ fastcgi.routes | selectattr('mismatch') | map(attribute='unmatched') | flatten }}"
"""

RETURN = r"""
routes:
  description:
    - One entry for each C(fastcgi_pass), in the order of the configuration.
    - C(site), C(server_names), C(listen) and C(server). The virtual host, and the C(file) and C(line) where
      its block begins. C(site) is its first name, as nginx's error log shows it.
    - C(location), C(file), C(line) and C(pass). Where it is written, and what is written there.
    - C(upstream), C(variable), C(endpoints), C(upstream_keepalive). What it comes to. C(endpoints) is empty
      when only a request can tell.
    - C(read_timeout), C(connect_timeout) and C(send_timeout). Each with its C(seconds) and the C(file),
      C(line) and C(context) that set it.
    - C(kept_at). Where nginx keeps connections open. C(file) and C(line) of the upstream's C(keepalive),
      and C(keep_conn_file) and C(keep_conn_line) of C(fastcgi_keep_conn).
    - C(keep_conn), C(next_upstream), C(root) and C(params), of which only C(SCRIPT_FILENAME) is shown.
    - C(methodless). Only where PHP-FPM gets no C(REQUEST_METHOD). Then each of its pages is blank.
    - C(nameless). Only where PHP-FPM gets neither C(SCRIPT_FILENAME) nor C(PATH_TRANSLATED). Then each of its
      pages is a 404.
    - C(queryless). Only where PHP-FPM gets no C(QUERY_STRING).
    - C(length). Only where C(CONTENT_LENGTH) is a fixed text; empty where PHP-FPM gets none.
    - C(resolver). Whether nginx has a C(resolver) there.
    - C(error_cache). For how many C(seconds) C(fastcgi_cache) keeps a 502 or 504 of nginx's own, as the line
      that is C(written) says. V(null) where it keeps none.
    - C(root_owner). The account that owns the code which nginx sends to PHP. C(owners). All but root that can
      exchange this code, by a directory above it, a link to it, its index.php, or its group. V(null) where a
      variable hides it.
    - C(pools). The pools that listen there, with C(endpoint), C(config), C(pool), C(unit), C(version) and
      C(running).
    - C(mismatch). V(null), V(no_pool_listens), or V(some_without_pool) when that is so for a part of an
      upstream's servers. V(unresolved) when what nginx dials cannot be known from the configuration.
    - C(unmatched). The endpoints of this host without a pool, with C(file) and C(line) of the address.
      C(listening) has up to five endpoints of pools. C(reason) is V(other_socket), V(other_port),
      V(other_address), V(address_family), V(tcp_vs_unix) or V(no_pool).
  returned: success
  type: list
  elements: dict
  sample:
    - connect_timeout:
        context: default
        file: null
        line: null
        seconds: 60.0
      endpoints:
        - backup: false
          down: false
          endpoint: unix:/run/php/php8.1-fpm.sock
          file: /etc/nginx/sites-enabled/shop
          line: 14
          written: unix:/var/run/php/php8.1-fpm.sock
      error_cache: null
      file: /etc/nginx/sites-enabled/shop
      keep_conn: false
      line: 14
      listen:
        - 80 default_server
      location: ~ \.php$
      mismatch: no_pool_listens
      next_upstream: []
      params:
        SCRIPT_FILENAME: $document_root$fastcgi_script_name
      pass: unix:/var/run/php/php8.1-fpm.sock
      pools: []
      read_timeout:
        context: location
        file: /etc/nginx/sites-enabled/shop
        line: 15
        seconds: 120.0
      resolver: false
      root: /var/www/shop
      root_owner: www-data
      owners:
        - www-data
      send_timeout:
        context: default
        file: null
        line: null
        seconds: 60.0
      server:
        file: /etc/nginx/sites-enabled/shop
        line: 1
      server_names:
        - shop.example
      site: shop.example
      unmatched:
        - endpoint: unix:/run/php/php8.1-fpm.sock
          file: /etc/nginx/sites-enabled/shop
          line: 14
          listening:
            - unix:/run/php/php8.2-fpm.sock
          reason: other_socket
          written: unix:/var/run/php/php8.1-fpm.sock
      upstream: null
      upstream_keepalive: 0
      variable: false
nginx:
  description: What is known about nginx itself.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether there is an nginx.
      type: bool
      returned: always
    running:
      description: Whether a master process runs.
      type: bool
      returned: always
    version:
      description: Its version, V(null) when C(nginx -V) did not tell.
      type: str
      returned: always
    binary:
      description: The program, V(null) without nginx.
      type: str
      returned: always
    options:
      description: What the running master was started with, of C(-c), C(-p), C(-e) and C(-g).
      type: dict
      returned: always
    config:
      description: The main configuration file, V(null) without nginx.
      type: str
      returned: always
    prefix:
      description: What relative paths in the configuration, other than those of includes, are relative to.
      type: str
      returned: always
    master:
      description: C(pid) and C(started_at) of the master, V(null) when none runs.
      type: dict
      returned: always
    workers:
      description: The pids of the workers that take new connections.
      type: list
      elements: int
      returned: always
    user:
      description: The account of the workers, with C(uid), C(gid) and C(groups) next to it.
      type: str
      returned: always
    user_from:
      description: Where the account was found.
      type: str
      choices: [process, config, default]
      returned: always
    uid:
      description: The workers' user id, V(null) when there is no such account.
      type: int
      returned: always
    gid:
      description: The workers' group id, V(null) when there is no such account.
      type: int
      returned: always
    group:
      description: The name of that group.
      type: str
      returned: always
    groups:
      description: All group ids of the workers.
      type: list
      elements: int
      returned: always
    unit:
      description: The systemd unit that runs the master, V(null) when none does.
      type: str
      returned: always
    config_errors:
      description: What nginx would refuse, as far as the routes depend on it, with C(kind), C(file), C(line)
        and C(text).
      type: list
      elements: dict
      returned: always
    config_changed_at:
      description: When the newest of the files read was changed or linked, in seconds since the epoch.
      type: float
      returned: always
    config_newer:
      description: Whether that was after the running workers had started. V(null) when nginx does not run.
      type: bool
      returned: always
    loaded:
      description: Since when its workers run, and what was changed since.
      type: dict
      returned: always
    error_logs:
      description: The files named by C(error_log), on any level.
      type: list
      elements: str
      returned: always
    site_logs:
      description: Where each server block with a C(fastcgi_pass) logs, with C(site), C(names), C(server),
        C(access), C(errors) and C(others). C(silent) has the error logs that hide lost requests, C(unlogged)
        why an access log may lack a lost request.
      type: list
      elements: dict
      returned: always
    log_formats:
      description: The C(log_format) of these access logs, by name, each with C(escape) and C(text).
      type: dict
      returned: always
    opens:
      description: The logs and the pid file, which nginx opens for writing when it starts or tests its
        configuration.
      type: list
      elements: str
      returned: always
    changes:
      description: The newest changes of these files, where any is of the last two days, each with C(path),
        C(at) and C(sites). Without sites a file is for all of them. It is not there before 0.13.0.
      type: list
      elements: dict
      returned: where there are any
    fronts:
      description: Where these files lead past the front page of a site, or to the source of a script.
        Each has C(server), C(kind), C(looked_for), C(found), C(written), C(file) and C(line). It is not there
        before 0.12.0.
      type: list
      elements: dict
      returned: always
    file_cache:
      description: Where C(open_file_cache_errors) is on, as C(FILE:LINE). V(null) where it is off. It is not
        there before 0.11.0.
      type: str
      returned: always
    account:
      description: The ordinary account that runs this nginx; V(null) for root's.
      type: str
      returned: always
    writable:
      description: What of the configuration others than root can write, with C(path) and C(who).
      type: dict
      returned: always
  sample:
    account: null
    binary: /usr/sbin/nginx
    config: /etc/nginx/nginx.conf
    config_changed_at: 1775130000.0
    config_errors: []
    config_newer: false
    loaded: {at: 1775133600.0, configured: null, default_log: /var/log/nginx/error.log, master_groups: [0],
             newer_files: [], replaced: false}
    error_logs: [/var/log/nginx/error.log]
    site_logs:
      - {access: [], errors: [], names: [shop.example], others: false, silent: [], site: shop.example,
         server: {file: /etc/nginx/sites-enabled/shop, line: 1}, unlogged: ["off"]}
    log_formats: {combined: {escape: default, text: "$remote_addr - $remote_user [$time_local]"}}
    opens: [/var/log/nginx/error.log, /run/nginx.pid]
    writable: null
    gid: 33
    group: www-data
    groups: [33]
    installed: true
    master: {pid: 40, started_at: 1775139000.5}
    options: {}
    prefix: /usr/share/nginx
    running: true
    uid: 33
    unit: nginx.service
    user: www-data
    user_from: process
    version: 1.22.1
    workers: [41, 42]
missing:
  description: What could not be seen, each with C(what), C(path), C(why) and C(needs).
  returned: success
  type: list
  elements: dict
  sample:
    - needs: root
      path: /etc/nginx/sites-enabled/shop
      what: nginx_config
      why: Permission denied
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.real_paths import real_paths
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm.masters import collect_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.route_pools import match_pools


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    host = Host()
    procs = processes(host)
    nginx = collect_nginx(host, procs)
    routes = nginx["routes"]
    # Without a route there is nothing to match, and php-fpm need not be asked.
    masters = collect_fpm(host, procs, test="never")["masters"] if routes else []
    result = {
        "routes": match_pools(routes, masters, real_paths(host, routes)),
        "nginx": {name: part for name, part in nginx.items() if name != "routes"},
        "missing": host.missing,
    }
    module.exit_json(changed=False, **sendable(result))


if __name__ == "__main__":
    main()
