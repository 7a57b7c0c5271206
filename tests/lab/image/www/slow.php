<?php
// Takes ?s=SECONDS of wall time. In small slices, because sleep() ends early when a signal arrives.
$end = microtime(true) + (float) ($_GET['s'] ?? 1);
while (microtime(true) < $end) {
    usleep(20000);
}
echo "ok\n";
