# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of PHP's that ended a page."""

from typing import List

from .shape import PhpFault, TypedDict


class ErrorParts(TypedDict, total=False):
    """What PHP could not have, by the words of the error; not in snapshots from before 0.13.0."""

    read_only: List[str]  # files that it cannot write, since their file system is read-only
    unwritable: List[str]  # by an application's own words; not before 0.19.0
    missing: List[str]  # files and sockets that it did not find; not before 0.14.0
    lacks: List[str]  # process (it could start none), database or temporary_file; not before 0.14.0
    fault: PhpFault  # what the error is about, where that has a fix of its own; not before 0.14.0
    name: str  # of the function, extension, variable, version or file that it is about; not before 0.14.0


class LaterPhpError(ErrorParts, total=False):
    """Not in snapshots from before 0.12.0."""

    times: List[float]  # epoch seconds of the last errors in the window
    scripts: List[str]  # that it names; not before 0.14.0


class LaterDroppedBodies(TypedDict, total=False):
    fields: bool  # these are more than max_input_vars; not before 0.16.0


class DroppedBodies(LaterDroppedBodies):
    """Requests whose bodies are larger than post_max_size, by a log of PHP's own."""

    pool: str
    config: str  # of its master
    path: str
    count: int  # in the window


class PhpError(LaterPhpError):
    """The last one of a pool whose PHP has a log of its own, written in the window."""

    pool: str
    config: str  # of its master
    path: str
    text: str  # redacted
