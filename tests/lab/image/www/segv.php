<?php
// Ends the worker with SIGSEGV, as a broken extension does.
posix_kill(posix_getpid(), 11);
