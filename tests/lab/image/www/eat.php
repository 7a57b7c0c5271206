<?php
// Takes memory until the host's limit is reached; the pool's own memory_limit must not end it first.
ini_set('memory_limit', '-1');
$blocks = [];
while (true) {
    $blocks[] = str_repeat('x', 1 << 20);
}
