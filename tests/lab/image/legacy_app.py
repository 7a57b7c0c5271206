# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is not FastCGI: answers whatever arrives on 127.0.0.1:PORT with HTTP 400, as HTTP servers
answer bytes that are not HTTP.
"""

import socketserver
import sys

ANSWER = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Handler(socketserver.BaseRequestHandler):
    """Reads what was sent, so that closing does not reset the connection before the answer arrives."""

    def handle(self) -> None:
        """Answers one connection."""
        self.request.recv(65536)
        self.request.sendall(ANSWER)


class Server(socketserver.ThreadingTCPServer):
    """One thread for each connection; the port is free again at once."""

    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
