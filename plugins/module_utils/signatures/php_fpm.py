# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's master logs and its workers write to stderr, from the sources of php-fpm 7.4 to 8.5."""

from .table import Table, words

MEANINGS = words(
    # of the master
    "runs in_order stopping stopped emergency_reload start_failed bad_config bad_account "
    "address_in_use address_unavailable directory_missing bind_failed path_cut socket_access log_unwritable "
    "pid_unwritable no_shared_memory reload_failed other_error "
    # of its workers: none could be started, pm.max_children, process.max, request_slowlog_timeout
    "no_worker pool_full process_max slow_script trace_denied "
    # request_terminate_timeout, its own fault, SIGSYS, SIGXCPU or SIGXFSZ, SIGKILL, hard_timeout, an error
    # code, another end
    "terminated crashed filtered limited killed hard_timeout gave_up exited "
    # in a worker's words, so in the application's too: listen.allowed_clients, security.limit_extensions
    "client_not_allowed script_missing script_denied bad_ini php_fatal php_message"
)
# php-fpm logs no end of a worker that its own stop or reload brought about (fpm_children.c).
WORKER_ENDED = words("crashed filtered limited killed hard_timeout gave_up")
SLOW = words("slow_script terminated")
EXIT_SOFTWARE = 70  # FPM_EXIT_SOFTWARE, of a worker that could not be set up (fpm_child_init)
STDERR = "stderr"  # a worker's words; the other phases are the levels of the master's messages

# id, phase, status, meaning, format; an indented line: another format of the row above
PHP_FPM = Table(
    ("DEBUG", "NOTICE", "WARNING", "ERROR", "ALERT", STDERR),
    MEANINGS,
    """
fpm-running NOTICE - runs fpm is running, pid %d
fpm-ready NOTICE - in_order ready to handle connections
fpm-terminating NOTICE - stopping Terminating ...
fpm-finishing NOTICE - stopping Finishing ...
fpm-bye NOTICE - stopped exiting, bye-bye!
fpm-reloading NOTICE - stopping Reloading in progress ...
fpm-reload-exec-failed ERROR - reload_failed failed to reload: execvp() failed%e
fpm-log-reopened NOTICE - in_order error log file re-opened
fpm-exec-failed-init ERROR - start_failed FPM initialization failed
fpm-uid ERROR - bad_account cannot get uid for user '%s'
    cannot get uid for user '%s'%e
fpm-gid ERROR - bad_account cannot get gid for group '%s'
    cannot get gid for group '%s'%e
fpm-root-user ERROR - bad_config please specify user and group other than root
fpm-bind-addrinuse ERROR - address_in_use unable to bind listening socket for address '%s': %s (98)
fpm-bind-enoent ERROR - directory_missing unable to bind listening socket for address '%s': %s (2)
fpm-bind-eacces ERROR - bind_failed unable to bind listening socket for address '%s': %s (13)
fpm-bind-eaddrnotavail ERROR - address_unavailable unable to bind listening socket for address '%s': %s (99)
fpm-bind-fail ERROR - bind_failed unable to bind listening socket for address '%s'%e
fpm-socket-family ERROR - address_unavailable failed to create new listening socket: socket(): %s (97)
fpm-socket-create ERROR - bind_failed failed to create new listening socket: socket()%e
fpm-invalid-port ERROR - bad_config invalid port value '%s'
fpm-getaddrinfo ERROR - address_unavailable getaddrinfo: %s
fpm-listen-fail ERROR - bind_failed failed to listen to address '%s'%e
fpm-another-instance ERROR - address_in_use Another FPM instance seems to already listen on %s
fpm-path-too-long WARNING - path_cut cannot bind to UNIX socket '%s' as path is too long (found length: %d, \
maximal length: %d), trying cut socket path %s
fpm-chown ERROR - socket_access failed to chown() the socket '%s'%e
fpm-acl-read ERROR - socket_access failed to read the ACL of the socket '%s'%e
fpm-acl-write ERROR - socket_access failed to write the ACL of the socket '%s'%e
fpm-acl-owner-ignored WARNING - socket_access ACL set, listen.%s = '%s' is ignored
fpm-errorlog-open ERROR - log_unwritable failed to open error_log (%s)%e
fpm-accesslog-open ERROR - log_unwritable failed to open access log (%s)%e
fpm-slowlog-open ERROR - log_unwritable Unable to create or open slowlog(%s)%e
fpm-pidfile ERROR - pid_unwritable Unable to create the PID file (%s).%e
    Unable to write to the PID file.%e
fpm-shm ERROR - no_shared_memory unable to allocate %d bytes in shared memory%e
fpm-chroot ERROR - bad_config the chroot path '%s' does not exist or is not a directory
fpm-chdir ERROR - bad_config the chdir path '%s' does not exist or is not a directory
    the chdir path '%s' within the chroot path '%s' ('%s') does not exist or is not a directory
fpm-syntax ERROR - bad_config syntax error%q
fpm-unknown-entry ERROR - bad_config [%s:%d] unknown entry '%s'
fpm-bad-value ERROR - bad_config [%s:%d] unable to parse value for entry '%s': %s
fpm-null-value ERROR - bad_config [%s:%d] value is NULL for a ZEND_INI_PARSER_ENTRY
fpm-conf-open ERROR - bad_config failed to open configuration file '%s': %s
fpm-conf-load ERROR - bad_config failed to load configuration file '%s'
fpm-conf-post ERROR - bad_config failed to post process the configuration
fpm-include-depth ERROR - bad_config failed to include more than %d files recursively
fpm-include-glob ERROR - bad_config Unable to globalize '%s'%s
fpm-include-fail ERROR - bad_config Unable to include %s from %s at line %d
fpm-no-pool ERROR - bad_config No pool defined. at least one pool section must be specified in config file
fpm-no-user ALERT - bad_config user has not been defined
fpm-no-listen ALERT - bad_config no listen address have been defined!
fpm-no-pm ALERT - bad_config the process manager is missing (static, dynamic or ondemand)
fpm-max-children-conf ALERT - bad_config pm.max_children must be a positive value
fpm-min-spare ALERT - bad_config pm.min_spare_servers(%d) must be a positive value
fpm-max-spare ALERT - bad_config pm.max_spare_servers(%d) must be a positive value
fpm-spare-gt-max ALERT - bad_config pm.min_spare_servers(%d) and pm.max_spare_servers(%d) cannot be greater \
than pm.max_children(%d)
fpm-spare-order ALERT - bad_config pm.max_spare_servers(%d) must not be less than pm.min_spare_servers(%d)
fpm-start-servers ALERT - bad_config pm.start_servers(%d) must not be less than pm.min_spare_servers(%d) and \
not greater than pm.max_spare_servers(%d)
fpm-slowlog-missing ERROR - bad_config 'slowlog' must be specified for use with 'request_slowlog_timeout'
fpm-dup-listen ERROR - bad_config unable to set listen address as it's already used in another pool '%s'
fpm-emergency-restart WARNING - emergency_reload failed processes threshold (%d in %d sec) is reached, \
initiating reload
fpm-fork-failed ERROR - no_worker fork() failed%e
fpm-no-slot ERROR - pool_full no free scoreboard slot
fpm-max-children-dynamic WARNING - pool_full server reached pm.max_children setting (%d), consider raising it
fpm-max-children-ondemand WARNING - pool_full server reached max_children setting (%d), consider raising it
fpm-process-max WARNING - process_max The maximum number of processes has been reached. Please review your \
configuration and consider raising 'process.max'
fpm-slow WARNING - slow_script child %d, script '%q' (request: "%q") executing too slow (%d.%d sec), logging
fpm-terminate WARNING 502 terminated child %d, script '%q' (request: "%q") execution timed out (%d.%d sec), \
terminating
fpm-ptrace-denied ERROR - trace_denied failed to ptrace(ATTACH) child %d%e
fpm-exit-sigsegv-core WARNING - crashed child %d exited on signal 11 (SIGSEGV - core dumped)%t
fpm-exit-sigsegv WARNING - crashed child %d exited on signal 11 (SIGSEGV%s)%t
fpm-exit-sigbus WARNING - crashed child %d exited on signal 7 (SIGBUS%s)%t
fpm-exit-sigabrt WARNING - crashed child %d exited on signal 6 (SIGABRT%s)%t
fpm-exit-sigill WARNING - crashed child %d exited on signal 4 (SIGILL%s)%t
fpm-exit-sigsys WARNING - filtered child %d exited on signal 31 (SIGSYS%s)%t
fpm-exit-sigkill WARNING - killed child %d exited on signal 9 (SIGKILL%s)%t
fpm-exit-sigterm WARNING - exited child %d exited on signal 15 (SIGTERM%s)%t
fpm-exit-sigxcpu WARNING - limited child %d exited on signal 24 (SIGXCPU%s)%t
fpm-exit-sigxfsz WARNING - limited child %d exited on signal 25 (SIGXFSZ%s)%t
fpm-exit-signal WARNING - exited child %d exited on signal %d (%s)%t
fpm-exit-signal NOTICE - exited child %d exited on signal %d (%s)%t
fpm-exit-0 NOTICE - exited child %d exited with code 0%t
fpm-exit-1 WARNING - gave_up child %d exited with code 1%t
fpm-exit-70 WARNING - gave_up child %d exited with code 70%t
fpm-exit-255 WARNING - gave_up child %d exited with code 255%t
fpm-exit-124 WARNING - hard_timeout child %d exited with code 124%t
fpm-exit-code WARNING - gave_up child %d exited with code %d%t
fpm-error ERROR - other_error %q
fpm-error ALERT - other_error %q
fpm-disallowed stderr - client_not_allowed ERROR: Connection disallowed: IP address '%s' has been dropped.
fpm-wrong-allowed stderr - client_not_allowed ERROR: Wrong IP address '%s' in listen.allowed_clients
fpm-no-allowed stderr - client_not_allowed ERROR: There are no allowed addresses
fpm-primary-open stderr - script_missing ERROR: Unable to open primary script: %s (%s)
fpm-limit-ext stderr - script_denied NOTICE: Access to the script '%s' has been denied (see \
security.limit_extensions)
fpm-passing-ini stderr - bad_ini ERROR: Passing INI directive through FastCGI: unable to set '%s'
fpm-primary-unknown stderr - script_missing DEBUG: Primary script unknown
fpm-said-oom stderr - php_fatal Out of memory%s
fpm-said-heap stderr - php_fatal zend_mm_heap corrupted%s
fpm-said-hard-timeout stderr - php_fatal Fatal error: Maximum execution time of %d+%d seconds exceeded \
(terminated)%s
fpm-said-stderr stderr - php_message %q
""",
)
READY = next(row.format for row in PHP_FPM.rows() if row.id == "fpm-ready")
