# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others than php-fpm's master say about a start that fails. Of PHP and opcache: from the sources of PHP
7.4 to 8.5 (main/main.c, ext/opcache/ZendAccelerator.c, zend_shared_alloc.c). Of ld.so: from glibc's elf/.
"""

from .lookup import OF_START
from .table import Table

# The phases are who speaks. Of PHP it is what follows "PHP Fatal error:  " and its like, of opcache what
# follows "Fatal Error ". Of ld.so it is what follows the name of the program that it could not run.
PHP, OPCACHE, LOADER = "php", "opcache", "ld.so"

PHP_START = Table(
    (PHP, OPCACHE, LOADER),
    OF_START,
    """
opcache-preload-user opcache - preload "opcache.preload_user" has not been defined
    "opcache.preload" requires "opcache.preload_user" when running under uid 0
opcache-preload-account opcache - preload Preloading failed to getpwnam("%s")
opcache-preload opcache - preload Preloading %s
opcache-memory opcache - no_shared_memory Unable to allocate shared memory segment of %d bytes: %s%e
opcache-strings opcache - no_shared_memory Insufficient shared memory!
    Insufficient shared memory for interned strings buffer! (tried to allocate %d bytes)
opcache-lock opcache - lock_unwritable Unable to create %s%e
opcache-other opcache - php_startup %q
php-preload-missing php - preload Failed opening required '%s' (include_path='%s') in Unknown on line 0
php-preload-uncaught php - preload Uncaught %q
php-preload-parse php - preload syntax error%q
php-preload-code php - preload %q in %s.php on line %d
php-module php - extension Unable to start %s module in Unknown on line 0
php-other php - php_startup %q
ld-library ld.so - not_executable error while loading shared libraries: %s: %s
ld-symbol ld.so - extension symbol lookup error: %s.so: undefined symbol: %s
ld-symbol-program ld.so - not_executable symbol lookup error: %s: undefined symbol: %s
ld-version ld.so - not_executable %s: version `%s' not found (required by %s)
""",
)

# Told apart by their own words, too.
NO_PRELOAD_USER, NO_STRINGS = PHP_START.ids("opcache-preload-user opcache-strings")
