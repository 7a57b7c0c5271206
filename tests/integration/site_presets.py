# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small application of each preset's shape, and what must come of its pages.

files: those of its root; a .php file says which script ran with which path. asks: (path, status, what the
body begins with).
"""

from typing import NamedTuple

RAN = (
    "<?php echo 'ran ', $_SERVER['SCRIPT_NAME'], ' ', $_SERVER['PATH_INFO'] ?? '', ' ', "
    "$_SERVER['QUERY_STRING'];"
)
# What the triggers of the seven causes ask of each site.
TROUBLE = {
    "slow": "$end = microtime(true) + (float) $_GET['s']; "
    "while (microtime(true) < $end) { usleep(20000); } echo 'slow';",
    "eat": "$all = []; while (true) { $all[] = str_repeat('x', 1 << 20); }",
    "segv": "posix_kill(posix_getpid(), 11); sleep(5);",
    "headers": "for ($i = 0; $i < 20; $i++) { header(\"X-$i: \" . str_repeat('x', 1000)); } echo 'headers';",
    "who": "echo posix_getpwuid(posix_geteuid())['name'], ' ', ini_get('memory_limit');",
    "release": "echo basename(dirname(__DIR__));",
}
ENTRY = "<?php $do = $_GET['do'] ?? ''; %s else { ?>%s<?php }" % (
    " else".join("if ($do === '%s') { %s }" % pair for pair in TROUBLE.items()),
    RAN + " ?>",
)
EVERYWHERE = (
    ("/.env", 404, ""),
    ("/.git/config", 404, ""),
    ("/static.txt", 200, "static"),
    ("/.well-known/acme-challenge/token", 200, "static"),
    ("/status", None, ""),
    ("/ping", None, ""),
)


class Shape(NamedTuple):
    files: tuple[str, ...]
    asks: tuple[tuple[str, int | None, str], ...]


FRONT_CONTROLLER = Shape(
    ("index.php", "index.php.old", "other.php", "storage/evil.php", "images/a.png"),
    (
        ("/", 200, "ran /index.php  "),
        ("/a/route?x=1", 200, "ran /index.php  x=1"),
        ("/index.php/path/info", 200, "ran /index.php /path/info "),
        ("/other.php", 404, ""),
        ("/index.php.old", 404, ""),
        ("/storage/evil.php", 404, ""),
        ("/storage/evil.php/a.png", 404, ""),
        ("/images/a.png", 200, "static"),
    ),
)
SHAPES = {
    "plain": Shape(
        (
            *("index.php", "page.php", "uploads/evil.php", "uploads/a.txt", "uploads/deep/evil.phtml"),
            *("a.txt", "lib.inc", "view.phtml", "page.php.bak", "page.php~", "blog/uploads/evil.php"),
        ),
        (
            ("/", 200, "ran /index.php  "),
            ("/page.php?x=1", 200, "ran /page.php  x=1"),
            ("/page.php/path/info", 200, "ran /page.php /path/info "),
            ("/missing.php", 404, ""),
            ("/a.txt/x.php", 404, ""),
            ("/uploads/a.txt", 200, "static"),
            ("/uploads/evil.php", 404, ""),
            ("/uploads/evil.php/a.txt", 404, ""),
            ("/uploads/deep/evil.phtml", 404, ""),
            ("/blog/uploads/evil.php", 404, ""),
            ("/lib.inc", 404, ""),
            ("/view.phtml", 404, ""),
            ("/page.php.bak", 404, ""),
            ("/page.php~", 404, ""),
        ),
    ),
    "front_controller": FRONT_CONTROLLER,
    "laravel": FRONT_CONTROLLER,
    "symfony": FRONT_CONTROLLER,
    "wordpress": Shape(
        (
            *("index.php", "wp-login.php", "wp-config.php", "wp-admin/index.php", "wp-admin/admin-ajax.php"),
            *("wp-content/uploads/2026/evil.php", "wp-content/uploads/2026/a.png", "wp-includes/load.php"),
            *("xmlrpc.php", "wp-config.php.bak", "wp-content/plugins/a/view.phtml", "blog/index.php"),
            *("blog/wp-content/uploads/evil.php", "blog/wp-config.php", "app/uploads/evil.php"),
        ),
        (
            ("/hello-world/?p=1", 200, "ran /index.php  p=1"),
            ("/wp-login.php", 200, "ran /wp-login.php"),
            ("/wp-admin/", 200, "ran /wp-admin/index.php"),
            ("/wp-admin/admin-ajax.php", 200, "ran /wp-admin/admin-ajax.php"),
            ("/wp-content/uploads/2026/a.png", 200, "static"),
            ("/wp-content/uploads/2026/evil.php", 404, ""),
            ("/wp-includes/load.php", 404, ""),
            ("/wp-config.php", 404, ""),
            ("/xmlrpc.php", 200, "ran /xmlrpc.php"),
            ("/index.php/2026/hello/", 200, "ran /index.php"),
            ("/wp-content/uploads/missing.png", 200, "ran /index.php"),
            ("/wp-config.php.bak", 404, ""),
            ("/wp-content/plugins/a/view.phtml", 404, ""),
            ("/blog/", 200, "ran /blog/index.php"),
            ("/blog/wp-content/uploads/evil.php", 404, ""),
            ("/blog/wp-config.php", 404, ""),
            ("/app/uploads/evil.php", 404, ""),
        ),
    ),
    "drupal": Shape(
        (
            *("index.php", "update.php", "core/install.php", "core/lib/x.php", "vendor/a/b.php"),
            *("sites/default/files/evil.php", "sites/default/files/a.png", "sites/default/settings.php"),
            *("modules/a/a.module", "composer.json", "sites/default/private/a.txt", "package.json"),
            *("sites/default/settings.php~", "sites/default/files/private/a.txt"),
        ),
        (
            ("/node/1?x=1", 200, "ran /index.php  x=1"),
            ("/update.php/selection", 200, "ran /update.php /selection"),
            ("/core/install.php", 200, "ran /core/install.php"),
            ("/core/lib/x.php", 404, ""),
            ("/vendor/a/b.php", 404, ""),
            ("/sites/default/files/evil.php", 404, ""),
            ("/sites/default/files/a.png", 200, "static"),
            ("/sites/default/files/styles/missing.png", 200, "ran /index.php"),
            ("/sites/default/private/a.txt", 404, ""),
            ("/sites/default/files/private/a.txt", 404, ""),
            ("/system/files/a.png", 200, "ran /index.php"),
            ("/sites/default/settings.php~", 404, ""),
            ("/package.json", 404, ""),
            ("/sites/default/settings.php", 404, ""),
            ("/modules/a/a.module", 404, ""),
            ("/composer.json", 404, ""),
        ),
    ),
    "nextcloud": Shape(
        (
            *("index.php", "remote.php", "status.php", "public.php", "ocs/v1.php", "config/config.php"),
            *("data/joe/a.txt", "apps/files/evil.php", "core/js/a.js", "core/js/a.mjs", "occ"),
            *("data/joe/richdocumentscode/proxy.php", "ocs-provider/index.php", "apps/files/.git/config"),
        ),
        (
            ("/", 200, "ran /index.php"),
            ("/apps/files/?x=1", 200, "ran /index.php /apps/files/ x=1"),
            ("/remote.php/dav/files/joe", 200, "ran /remote.php /dav/files/joe"),
            ("/ocs/v1.php/cloud/users", 200, "ran /ocs/v1.php /cloud/users"),
            ("/status.php", 200, "ran /status.php"),
            ("/apps/files/evil.php", 200, "ran /index.php /apps/files/evil.php"),
            ("/core/js/a.js", 200, "static"),
            ("/config/config.php", 404, ""),
            ("/data/joe/a.txt", 404, ""),
            ("/occ", 404, ""),
            ("/.well-known/caldav", 301, ""),
            ("/.well-known/webfinger?resource=a", 301, ""),
            ("/core/js/a.mjs?v=1", 200, "static"),
            ("/ocs-provider/", 200, "ran /ocs-provider/index.php"),
            ("/remote.php/dav/files/joe/.hidden/a.bak", 200, "ran /remote.php /dav/files/joe/.hidden/a.bak"),
            ("/s/token/download/a.bak", 200, "ran /index.php /s/token/download/a.bak"),
            ("/data/joe/richdocumentscode/proxy.php", 404, ""),
            ("/apps/files/.git/config", 404, ""),
        ),
    ),
    "magento": Shape(
        (
            *("index.php", "get.php", "static.php", "health_check.php", "cron.php", "media/evil.php"),
            *("static/frontend/a.css", "media/a.png", "media/customer/a.png", "errors/local.xml"),
            "media/theme_customization/a.xml",
        ),
        (
            ("/shoes.html?x=1", 200, "ran /index.php  x=1"),
            ("/static/version1234/frontend/a.css", 200, "static"),
            ("/static/frontend/missing.css", 200, "ran /static.php  resource=frontend/missing.css"),
            ("/media/a.png", 200, "static"),
            ("/media/missing.png", 200, "ran /get.php"),
            ("/media/evil.php", 404, ""),
            ("/static/evil.php", 404, ""),
            ("/media/customer/a.png", 404, ""),
            ("/media/theme_customization/a.xml", 404, ""),
            ("/errors/local.xml", 404, ""),
            ("/health_check.php", 200, "ran /health_check.php"),
            ("/cron.php", 404, ""),
        ),
    ),
}


def tree(preset: str) -> dict[str, str]:
    """{path below the root: content}"""
    files = {path: RAN if path.endswith((".php", ".phtml")) else "static" for path in SHAPES[preset].files}
    hidden = (".env", ".git/config", "static.txt", ".well-known/acme-challenge/token")
    return {**files, **dict.fromkeys(hidden, "static"), "index.php": ENTRY}


def asks(preset: str) -> list[tuple[str, int | None, str]]:
    """status None: whatever comes, it is not php-fpm's own page."""
    return [*SHAPES[preset].asks, *EVERYWHERE]
