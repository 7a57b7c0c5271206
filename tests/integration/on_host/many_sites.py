# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a lab host a large one: ``python3 many_sites.py SITES SOCKETS POOLS``.

It makes SITES virtual hosts, which dial SOCKETS sockets in turn. The first POOLS sockets are ondemand pools
of php-fpm. This program answers on the others in FastCGI until it is ended. Never run it on a machine that
matters: it writes nginx's and php-fpm's configuration.
"""

import contextlib
import glob
import os
import select
import socket
import subprocess
import sys

SITE = """server {
    listen 80;
    server_name site%d.example;
    root /var/www/html;
    location ~ \\.php$ {
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_pass unix:%s;
    }
}
"""
POOL = """[many%d]
user = www-data
group = www-data
listen = %s
listen.owner = www-data
listen.group = www-data
pm = ondemand
pm.max_children = 2
"""
# FCGI_GET_VALUES_RESULT with FCGI_MPXS_CONNS = 0, as php-fpm answers.
ANSWER = b"\x01\x0a\x00\x00\x00\x12\x06\x00\x0f\x01FCGI_MPXS_CONNS0" + b"\0" * 6


def serve(paths: "list[str]") -> None:
    poll = select.epoll()
    servers = {}
    clients = {}
    for path in paths:
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        os.chmod(path, 0o666)
        server.listen(64)
        servers[server.fileno()] = server
        poll.register(server.fileno(), select.EPOLLIN)
    print("ready", flush=True)
    while True:
        for descriptor, _event in poll.poll():
            if descriptor in servers:
                client = servers[descriptor].accept()[0]
                clients[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
                continue
            client = clients.pop(descriptor)
            poll.unregister(descriptor)
            with client, contextlib.suppress(OSError):
                if client.recv(4096):
                    client.send(ANSWER)


def main() -> None:
    sites, sockets, pools = map(int, sys.argv[1:4])
    os.makedirs("/run/many", exist_ok=True)
    paths = ["/run/many/%d.sock" % number for number in range(sockets)]
    for path in glob.glob("/run/many/*.sock"):
        os.unlink(path)
    with open("/etc/nginx/conf.d/many.conf", "w") as stream:
        stream.write("server_names_hash_max_size 65536;\nserver_names_hash_bucket_size 128;\n")
        stream.writelines(SITE % (number, paths[number % sockets]) for number in range(sites))
    with open(glob.glob("/etc/php/*/fpm/pool.d")[0] + "/many.conf", "w") as stream:
        stream.writelines(POOL % (number, paths[number]) for number in range(pools))
    units = [os.path.basename(path) for path in glob.glob("/lib/systemd/system/php*-fpm.service")]
    for unit in units:
        os.makedirs("/etc/systemd/system/%s.d" % unit, exist_ok=True)
        with open("/etc/systemd/system/%s.d/many.conf" % unit, "w") as stream:
            stream.write("[Service]\nLimitNOFILE=20000\n")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "restart", *units], check=True)
    subprocess.run(["systemctl", "reload", "nginx"], check=True)
    serve(paths[pools:])


if __name__ == "__main__":
    main()
