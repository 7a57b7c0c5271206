# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mends an error of PHP's that ends each page, by the kind of fault that the host read in it."""

from __future__ import annotations

FIXES: dict[str, str] = {
    "other_version": "pass the site to a pool of PHP {name}, which its code needs, or deploy a release for "
    "this PHP",
    "extensions": "install and enable the extensions {name} for this PHP, which the application "
    "needs; `{restart}`",
    "parse_error": "compare the PHP of the site's pool with the one its code needs; else restore the file of "
    "the error",
    "removed_function": "update the code, or pass the site to a pool of an older PHP: this one has no "
    "{name}() any more",
    "newer_function": "pass the site to a pool of a newer PHP, which has {name}() (one with mb_ needs "
    "the extension mbstring, too), or deploy a release for this one",
    "disabled_function": "take {name} out of disable_functions (php.ini or the site's pool), if the site "
    "is to have it; `{restart}`",
    "older_code": "update the code of the file in the error, a plugin's or the application's: PHP 8 ends "
    "with an error what PHP 7 let pass. Until then, pass the site to a pool of PHP 7",
    "save_handler": "install and enable the extension {name} for this PHP ({extension_package}), which "
    "session.save_handler names; "
    "`{restart}`",
    "environment_variable": "give the pool env[{name}], or clear_env = no if php-fpm's unit has it; "
    "`{reload}`",
    "environment_file": "put the application's .env back, and let the account of the site's pool read it: a "
    "deploy may have left it out",
    "unresolved_name": "look that name up on this host (getent ahosts), and in the application's settings; "
    "in a chroot of the pool it needs etc/resolv.conf, etc/hosts and the resolver's libraries",
    "certificate_refused": "see the certificate that the other side shows, its dates and its names; if it is "
    "right, update this host's ca-certificates (of PostgreSQL see sslrootcert). Leave the check on",
    "timezone_database": "let the workers read /usr/share/zoneinfo: install tzdata; a chroot needs a copy of "
    "it, and open_basedir must have it; `{restart}`",
    "database_connections": "give the database more connections (max_connections; Redis: maxclients) than "
    "all pools have workers, or pools fewer; where the error names one account or role, it is that one's "
    "limit",
    "memory_unit": "write memory_limit with a unit that PHP knows, as 256M: 256Mb is 256 bytes; `{reload}`",
    "certificate_file": "let openssl.cafile and curl.cainfo name a file of authorities that is there, in "
    "place of {name}",
    "open_files": "see which page leaves files or connections open; else raise rlimit_files of the site's "
    "pool (and LimitNOFILE= of php-fpm's unit); `{restart}`",
    # No command: root would paste it.
    "vendor": "run composer install in the application's directory, as its own account and never as root, or "
    "deploy vendor/ with the code; if it is there, see its mode",
    # A visitor may choose what a careless script requires.
    "unreadable": "if {name} is the application's own, let the pool's account read it: see owner and mode of "
    "that file, and x on its directories. If not, see who asks for it",
    # A visitor may choose what a careless script requires.
    "open_basedir": "if {name} is the application's own, let open_basedir have its directory, too: a "
    ".user.ini, the pool or nginx's PHP_VALUE sets it. If not, see who asks for it",
    "encoded": "pass the site to a pool of PHP {name}, or get its files encoded for this PHP from who sells "
    "them",
    "database_login": "let the application's settings have the account, password and name of a database"
    " that the server knows for this host; Peer and Ident mean the system's account: name 127.0.0.1",
    "database_host": "let the database's server, which runs, take this host: by a line in pg_hba.conf "
    "and a reload of it, or by an account of MySQL's for this host",
    "database_blocked": "unblock this host there (mysqladmin flush-hosts, of MySQL 8.4 TRUNCATE "
    "performance_schema.host_cache), and see what connects and never logs in: max_connect_errors",
    "database_starting": "wait until it takes connections: the database starts, stops or recovers after a "
    "crash; its own log tells which, and why",
    "database_tls": "let both sides agree on TLS: sslmode (or the application's SSL options) here, ssl = "
    "on or require_secure_transport at the database's server",
    "database_schema": "bring the database to the application's version (its migrations or updater, as its "
    "own account, after a backup), and see which database it uses",
    "database_full": "free room where the database has its data and its temporary files (df -h, df -i): it "
    "can write no more",
    "database_read_only": "let the application's settings name the primary: this database takes no writes "
    "(read_only), as a replica, or as somebody has set it",
    "database_gone": "see in the log of the database, or of a proxy before it, who ended the "
    "connection; else compare its wait_timeout and max_allowed_packet with what the application does",
    "database_table": "repair the tables that the database calls crashed (mysqlcheck --auto-repair, after a "
    "backup), and see why: power, disk or memory",
    "database_plugin": "give the application's account of the database a way to log in that this server has "
    "(ALTER USER, caching_sha2_password), or switch the old one on there",
    "database_method": "pass the site to a newer PHP (caching_sha2_password: 7.4, SCRAM: libpq 10), or "
    "give the account a password by what both know (mysql_native_password, password_encryption = md5)",
    "database_locked": "see what holds the lock in the database: SHOW PROCESSLIST, pg_stat_activity; of "
    "SQLite one process writes at a time",
    "service_denied": "this host keeps PHP off, not the service: SELinux (httpd_can_network_connect_db;"
    " for no database httpd_can_network_connect), x on a socket's directories, or the unit's sandbox",
    "service_silent": "nothing answers at that address: see whether the application's settings have the"
    " right one, and what drops packets on the way (firewall, security group, route, VPN)",
    "database_unreached": "see whether the database runs, and where: in the application's settings localhost "
    "is a socket, 127.0.0.1 a port, which bind-address or listen_addresses may leave out",
    "redis_unreached": "see whether Redis runs, and whether the application's settings name its host and "
    "port, or its socket",
    "redis_full": "give Redis more memory (maxmemory), or a maxmemory-policy such as allkeys-lru where "
    "it is a cache alone: PHP's memory_limit is not meant",
    "redis_login": "let the application's settings have the password (and the name) that Redis asks for: its "
    "requirepass, or its users and what they may do; none where Redis has none",
    "redis_protected": "give Redis a password (requirepass), and the application's settings the same: "
    "without one it takes only what comes from its own host. Leave its protected mode on",
    "redis_read_only": "let the application's settings name the master of Redis: this one is a replica",
    "redis_loading": "wait until Redis has loaded its data; its log tells why it was started again",
    "search_unreached": "see whether the search engine runs (Elasticsearch or OpenSearch), and whether the "
    "application's settings name its host and port",
    "trusted_hosts": "add the site's own name to the application's list of its names, as "
    "trustedHostsPattern or trusted_host_patterns; never a pattern for all names",
    "session_cleanup": "set session.gc_probability to 0 for the pool, if a job of the system cleans up "
    "sessions, as phpsessionclean does; else give it a session.save_path of its own; `{reload}`",
    "session_owner": "files of sessions are of another account, as the pool's was before: give the pool a "
    "session.save_path of its own; where it has one, give its files to the pool's account",
    "headers_sent": "take away what {name} sends before the headers, as a blank or a byte order mark before "
    "its <?php; or set output_buffering to 4096 for the pool",
    "assets": "build the application's scripts and styles (npm run build) where it is deployed from, and "
    "deploy them with it",
    "cache_directories": "make storage/framework/views, cache and sessions, or bootstrap/cache again in the "
    "application's directory, and let the account of the site's pool write there",
    "cache_unwritable": "give the application's directory for caches to the account of the site's pool; a "
    "command that another account ran has made it (ls -l)",
    "log_file": "give the application's own log to the account of the site's pool; a command that another "
    "account ran has made it (ls -l)",
    "application_key": "give the application its APP_KEY again, in .env: the one that it had, as a new one "
    "does not read what is encrypted",
    "host_header": "set fastcgi_param HTTP_HOST $host beside PHP's other fastcgi_param lines (alone in a "
    "block it would void them): requests by HTTP/3 have no Host header; `{test_nginx} && {reload_nginx}`",
    "quota": "see whose quota is used up (quota -u, repquota -a), whatever df says; free room, or raise it",
    "disk_full": "free room where the file in the error is (df -h, df -i), of sessions in session.save_path",
    "memory_limit": "see what its pages load; else raise memory_limit of the site's pool as far as its "
    "workers fit in memory; `{reload}`",
    "memory_of_system": "see what keeps memory from the worker: LimitAS= and MemoryMax= of "
    "php-fpm's unit. memory_limit is not reached",
    "execution_time": "see at the line in the error what the pages compute or wait for; max_execution_time "
    "of the site's pool is the limit",
    "debugger": "take Xdebug out of this PHP, if this is no machine of a developer; `{restart}`",
    "redis_files": "let Redis write its files again: Redis cannot write them, as its disk is full or its dir "
    "is another's (its log says which)",
    "database_driver": "install and enable the driver of the site's database for this PHP, as its package "
    "mysql, pgsql or sqlite3; `{restart}`",
    "database_file": "let the account of the site's pool write the database's file and its directory: SQLite "
    "makes files beside it",
    "temporary_directory": "look at the mode of {name} (ls -ld); where it is not drwxrwxrwt, let all "
    "accounts write there (chmod 1777); where it is, another account has files of that name",
    "read_only": "if the evidence names a setting of php-fpm's unit, let ReadWritePaths= have the "
    "directory; else it is mounted read-only: see dmesg, and mend its disk first",
    "memcache": "install and enable the extension {name} for this PHP ({extension_package}), as "
    "Nextcloud's config.php names it; apc.enable_cli is for the command line; `{restart}`",
    "generated": "run bin/magento setup:di:compile in the application's directory, as its own account and "
    "never as root, and let the pool's account write generated/ and var/",
    "development": "set APP_ENV=prod (Laravel: production) in .env and the pool, and delete "
    "bootstrap/cache/*.php or var/cache: composer install --no-dev left that package out",
    "extension": "install and enable the extension {name} for this PHP ({extension_package}); where its "
    "file is there, php-fpm's start tells why it is not loaded; `{restart}`",
    # No name: a visitor may bring a path into an error, too.
    "plugin": "update the plugin or theme of WordPress in whose file the error is; one whose directory in "
    "wp-content gets another name is off",
}
