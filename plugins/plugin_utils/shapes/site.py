# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the templates of the role site are filled with: what nginx and php-fpm of a host are like."""

from typing import List, Optional

from .shape import TypedDict


class SiteSize(TypedDict):
    """How many workers the pool of a site gets."""

    max_children: int
    bound: str  # what decides it: memory, cpu, process.max, asked or kept
    pool_settings: List[List[str]]  # directives and their values, in order
    explain: List[str]  # lines for a person
    warning: Optional[str]  # where the pools may take more memory than there is


class SitePlaces(TypedDict):
    """Where the files of a site go, and by which program's rules."""

    vhost: str  # path
    pool: str  # path
    socket: str  # path
    status_socket: Optional[str]  # path; None: this php-fpm knows no pm.status_listen
    config: str  # main file of the php-fpm
    unit: str  # systemd's, of the php-fpm
    php_version: Optional[str]  # as paths tell it: 8.2
    acl: bool  # nginx is let in by an ACL, not as the socket's owner
    backlog: int
    nginx_user: str
    nginx_group: str
    nginx_version: str
    nginx_workers: int
    http2_directive: bool  # http2 is a directive, not a word of listen
    http2_listen: bool  # it is a word of listen, and no other server at a port with TLS does without
    ipv6: bool
    fastcgi_params: str  # path
    log_dir: str
    account: bool  # whether the site's account is there


class Site(SitePlaces, SiteSize):
    """What site_info returns."""
