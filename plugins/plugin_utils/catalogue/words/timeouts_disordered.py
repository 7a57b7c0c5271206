# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timeouts of which the wrong one ends a request."""

from __future__ import annotations

from ..entry import Entry

WORDS: dict[tuple[str, str | None], Entry] = {
    ("timeouts_disordered", None): Entry(
        title="timeouts in the wrong order",
        what="Three timeouts may end a slow request: PHP's own, php-fpm's and nginx's. Another one than "
        "PHP's comes first.",
        decides="max_execution_time, request_terminate_timeout and fastcgi_read_timeout, as they hold for "
        "the location.",
        fix="max_execution_time <= request_terminate_timeout < fastcgi_read_timeout, for each location",
        advice="Choose one number for the longest request, such as 60 s. Set max_execution_time to it, "
        "request_terminate_timeout 5 s above, fastcgi_read_timeout 5 s above that. Load both programs.",
        do_not="Do not set all three to 300 s: a full pool then needs five minutes to say so.",
        outage="A slow script ends as a 502 or 504, and no log tells which line was slow.",
    ),
    ("timeouts_disordered", "read_before_terminate"): Entry(
        title="nginx gives up before php-fpm",
        what="nginx answers 504 while php-fpm lets the script run on. The worker works for nobody.",
        decides="request_terminate_timeout of the pool is longer than fastcgi_read_timeout of the location.",
        fix="set request_terminate_timeout of {pool} below fastcgi_read_timeout, then `{reload}`",
        advice="Set request_terminate_timeout of pool {pool} some seconds below fastcgi_read_timeout, then "
        "`{reload}`. A script that may run longer needs a longer fastcgi_read_timeout in its own location.",
        do_not="Do not raise fastcgi_read_timeout for the whole site: each slow page then holds its "
        "visitor longer.",
        outage="A slow page is a 504, the visitor tries again, and each try takes one more worker until "
        "the pool is full.",
    ),
    ("timeouts_disordered", "terminate_before_script"): Entry(
        title="php-fpm kills before PHP ends it",
        what="php-fpm ends the worker with a signal before PHP would have ended the script with an error.",
        decides="request_terminate_timeout of the pool is shorter than max_execution_time, or that is 0.",
        fix="set max_execution_time to request_terminate_timeout or less, then `{reload}`",
        advice="Set max_execution_time to request_terminate_timeout of pool {pool} or less, where the "
        "evidence says that it stands; then `{reload}`. It counts CPU time: what waits is still ended by "
        "php-fpm.",
        do_not="Do not take request_terminate_timeout out: it alone ends a script that waits for ever.",
        outage="A slow page is a 502. nginx logs recv() failed (104: Connection reset by peer), php-fpm "
        '"execution timed out, terminating", and PHP\'s log has no line.',
    ),
    ("timeouts_disordered", "read_before_script"): Entry(
        title="nginx gives up before PHP",
        what="nginx answers 504 while PHP lets the script compute. The worker works for nobody.",
        decides="max_execution_time is longer than fastcgi_read_timeout, and request_terminate_timeout is "
        "off.",
        fix="set max_execution_time below fastcgi_read_timeout, then `{reload}`",
        advice="Set max_execution_time below fastcgi_read_timeout, where the evidence says that it stands, "
        "and request_terminate_timeout of pool {pool} between the two; then `{reload}`.",
        do_not="Do not raise fastcgi_read_timeout for the whole site: give the long script a location of "
        "its own.",
        outage="A script that computes long is a 504, and its worker goes on. Some visitors who try again "
        "fill the pool.",
    ),
    ("timeouts_disordered", "never_ended"): Entry(
        title="nothing ends a script",
        what="PHP has no limit of time here and php-fpm has none. A script that hangs holds its worker for "
        "ever.",
        decides="max_execution_time is 0 and request_terminate_timeout is off.",
        fix="set request_terminate_timeout of {pool} below fastcgi_read_timeout, then `{reload}`",
        advice="Set request_terminate_timeout of pool {pool} some seconds below fastcgi_read_timeout, and "
        "max_execution_time to that or less; then `{reload}`. Long jobs belong on the command line, which "
        "has no such limit.",
        do_not="Do not restart php-fpm from cron each night: it hides the workers that hang, and cuts "
        "requests.",
        outage="Each endless loop takes one worker away. Days later none is left, and every page is a 504.",
    ),
}
