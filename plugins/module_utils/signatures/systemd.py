# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd and systemd-oomd log of a unit, from src/core/ and src/oom/ of systemd 237 to 257."""

from .lookup import OF_UNIT
from .table import Table

# The phases are who speaks. systemd begins with the name of the unit, unless it is about a job.
BY_SYSTEMD, BY_OOMD = "systemd", "systemd-oomd"

SYSTEMD = Table(
    (BY_SYSTEMD, BY_OOMD),
    OF_UNIT,
    """
job-starting systemd - unit_starting Starting %s...
job-started systemd - unit_started Started %s.
job-stopping systemd - unit_stopping Stopping %s...
job-stopped systemd - unit_stopped Stopped %s.
job-failed systemd - unit_not_started Failed to start %s.
job-dependency systemd - dependency_failed Dependency failed for %s.
unit-main systemd - main_ended Main process exited, code=%s, status=%d/%s
unit-control systemd - control_ended Control process exited, code=%s, status=%d/%s
unit-result systemd - unit_failed Failed with result '%s'.
unit-limit systemd - start_limited Start request repeated too quickly.
unit-again systemd - restarted Scheduled restart job, restart counter is at %d.
unit-ended systemd - limit_reached Service reached runtime time limit. %s
    Watchdog timeout (limit %s)!
unit-stop-timeout systemd - stop_timed_out State '%s' timed out.%s
unit-oom systemd - oom_killed A process of this unit has been killed by the OOM killer.
unit-oomd systemd - oomd_killed systemd-oomd killed %s process(es) in this unit.
oomd-killed systemd-oomd - oomd_killed Killed /%s due to memory %s
unit-locate systemd - not_executable Failed to locate executable %s: %s
    Unable to locate executable '%s': %s
    Failed to execute %s: %s
    Failed at step EXEC spawning %s: %s
unit-step systemd - unit_step Failed at step %s spawning %s: %s
    Failed to set up mount namespacing: %s: %s
    Failed to load environment files: %s
    Failed to run 'start%s' task: %s
    Failed to spawn 'start%s' task: %s
unit-timeout systemd - timed_out start%s operation timed out. %s
    Start%s operation timed out. %s
""",
)
