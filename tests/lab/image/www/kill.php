<?php
// Ends the worker with SIGKILL, as a person or a watchdog does: signal 9 without any lack of memory.
posix_kill(posix_getpid(), 9);
