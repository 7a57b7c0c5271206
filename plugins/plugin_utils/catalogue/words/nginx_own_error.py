# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx ends a request itself."""

from __future__ import annotations

from ..entry import Entry, When

HIDDEN_ROOT = Entry(
    title="the unit of nginx hides the site",
    what="The sandbox of nginx's unit shows nginx another directory than the host has. Each page of "
    "the site is missing for it, so it answers 404 or 403, and asks php-fpm for none.",
    decides="nginx: stat() failed (13: Permission denied), and nginx sees another file on the way than "
    "the host has.",
    fix="restart the unit in the evidence where what it mounted was deleted; else change the setting there, "
    "then restart it",
    advice="`systemctl cat` of the unit in the evidence shows the file that has the setting. Let the "
    "unit see the site: ProtectHome=no or read-only, and no such path in InaccessiblePaths= and "
    "TemporaryFileSystem=. Or move the site below /srv or /var/www. Then `systemctl daemon-reload`, "
    "and restart the unit: a reload does not change what it sees. A directory that was deleted, as a deploy "
    "replaces it, stays mounted until then: let a deploy fill it and not replace it.",
    do_not="Do not chmod the directory: the host's own is another one.",
)
WORDS: dict[tuple[str, str | None], Entry] = {
    ("nginx_own_error", None): Entry(
        title="nginx ends requests itself",
        what="nginx ends a request by itself, whatever PHP-FPM would answer.",
        decides="nginx's own line in its error log, without an upstream.",
        fix="mend what nginx's line in the evidence names; then `{test_nginx} && {reload_nginx}`",
        advice="Look at what nginx's line in the evidence names. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not restart PHP-FPM: it has no part in it.",
    ),
    ("nginx_own_error", "named_location"): Entry(
        title="A named location is not there",
        what="try_files or error_page leads to a `location @name` that the server block has not. nginx "
        "answers 500, and `nginx -t` says nothing about it.",
        decides="nginx: could not find named location.",
        fix="write that location in the same server block, or name one that is there; reload nginx",
        advice="A named location counts in its own server block alone. Look for it with `nginx -T`. Write "
        "it there, or let try_files and error_page name another target. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not restart PHP-FPM: it has no part in it.",
    ),
    ("nginx_own_error", "auth_request"): Entry(
        title="auth_request gets an unknown status",
        what="nginx asks a location whether a visitor may pass. It answers neither 2xx nor 401 or 403, "
        "and nginx makes a 500 of that.",
        decides="nginx: auth request unexpected status.",
        fix="let the location of auth_request answer 2xx, 401 or 403; a redirect belongs to error_page 401",
        advice="Ask the location of auth_request yourself, and see why it answers so. A login page "
        "belongs to `error_page 401`, not to that answer.",
        do_not="Do not take auth_request out to see the page: it would be open to everybody.",
    ),
    ("nginx_own_error", "sent_missing"): Entry(
        title="nginx is to send files that are not there",
        what="The application answers with X-Accel-Redirect, and nginx sends the file itself. The directory "
        "of the location that is named has no such path. nginx answers 404, though PHP answered.",
        decides="nginx: open() failed (2) with an upstream, and the directory of the location is not there.",
        fix="mend root or alias of the location that X-Accel-Redirect names; reload nginx",
        advice="Compare the file in the evidence with where the files are. `alias` takes the place of the "
        "location's path, `root` stands before it. A disk may not be mounted. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not look for the page in the application: it answered 200.",
    ),
    ("nginx_own_error", "server_ignored"): Entry(
        title="nginx ignores a server block",
        what="Two server blocks have one name at one address. nginx takes the one that it reads first, and "
        "only warns. Visitors of that name get the other site.",
        decides="nginx -t: conflicting server name, ignored.",
        fix="give the blocks different names, or take one away; `{test_nginx} && {reload_nginx}`",
        advice="Decide which of the two blocks in the evidence is meant. Take the other one away, or give "
        "it another server_name or listen. nginx reads the files of an include by their names. Then "
        "`{test_nginx} && {reload_nginx}`.",
        do_not="Do not rename files until the right block is read first: one of the two stays ignored.",
    ),
    ("nginx_own_error", "file_denied"): Entry(
        title="nginx may not read a file of its own",
        what="A directive has nginx read a file at each request, most often auth_basic_user_file. Its "
        "workers may not read it, and nginx makes a 500 of that.",
        decides="nginx [crit]: open() failed (13), without an upstream, and the file is none that nginx "
        "makes itself.",
        fix="let the user of nginx's workers read the file: their group, and mode 0640",
        advice="The evidence names the file, or the directory on the way to it that refuses. Give the "
        "file to the group of nginx's workers, with mode 0640; no reload is needed. Each directory above "
        "it needs `chmod o+x`. If all of them let nginx in, look for SELinux or a sandbox of the unit.",
        do_not="Do not take the password away, nor make the file readable for everybody.",
    ),
    ("nginx_own_error", "password_file"): Entry(
        title="nginx cannot use a file of passwords",
        what="auth_basic_user_file names what is no file of passwords, or one with a hash that the system "
        "does not know. nginx makes a 500 of each request that brings a password.",
        decides="nginx [crit]: pread() failed (21), or crypt_r() failed, without an upstream.",
        fix="put a file of passwords where auth_basic_user_file looks for it, with hashes that nginx knows "
        "(htpasswd, or openssl passwd -apr1)",
        advice="A container makes a directory where the file that it is to mount is missing: put the file "
        "there, and make the container anew. nginx knows $apr1$, SHA and SSHA, and what crypt(3) "
        "of the system knows. It reads the file at each request, so no reload is needed.",
        do_not="Do not take the password away: the site would be open to everybody.",
    ),
    ("nginx_own_error", "sent_file"): Entry(
        title="nginx may not read what it is to send",
        what="The application answers with X-Accel-Redirect: nginx is to send a file in its place. Its "
        "workers may not read that file, or a directory on the way, and nginx makes a 403 of that.",
        decides="nginx [error]: open() failed (13), with php-fpm as the upstream.",
        fix="let the user of nginx's workers read the files: their group, or an entry in the ACL",
        advice="The application writes such files as the pool's account, most often with mode 0600 or a "
        "strict umask. Give the directory the group of nginx's workers and its setgid bit, and let the "
        "application write 0640. Or `setfacl -d` an entry for nginx's user. No reload is needed.",
        do_not="Do not make the files readable for everybody: that the application guards them has a reason.",
    ),
    ("nginx_own_error", "written_file"): Entry(
        title="nginx may not read what PHP writes",
        what="Pictures, styles or scripts of pages belong to the pool's account, as uploads and caches do. "
        "Their mode keeps nginx's workers out, and nginx makes a 403 of each.",
        decides="nginx [error]: open() failed (13), no upstream, and the pool's account owns the file.",
        fix="let the user of nginx's workers read them, by their group or an ACL, and let PHP write 0640",
        advice="Find why PHP writes them so: UMask= of php-fpm's unit (`systemctl cat`), umask() or 0600 in "
        "the application, or a temporary file that was renamed. Give the directory the group of nginx's "
        "workers and its setgid bit, or `setfacl -d` an entry for nginx's user. Then mend the files there.",
        do_not="Do not chmod 777: then every account of the host may put files there.",
    ),
    ("nginx_own_error", "fastcgi_params"): Entry(
        title="A request fits into no FastCGI record",
        what="nginx puts a request's headers and each fastcgi_param into one FastCGI record of at most "
        "65535 bytes. These are more, so it answers 500, and php-fpm is asked for nothing.",
        decides="nginx [alert]: fastcgi request record is too big, or length mismatch, without an upstream.",
        fix="make large_client_header_buffers smaller, so that such a visitor gets 400; or see what makes a "
        "fastcgi_param so large",
        advice="Most often a visitor sends so many cookies, and large_client_header_buffers was raised to "
        "let them in: let the application set fewer. Else look at each fastcgi_param with `nginx -T`. "
        "length mismatch: a variable of a fastcgi_param changed while it was read.",
        do_not="Do not raise fastcgi_buffer_size or large_client_header_buffers: FastCGI's limit stays.",
    ),
    ("nginx_own_error", "closed_root"): Entry(
        title="nginx may not search the directory of a site",
        what="The user of nginx's workers may not search a directory on the way to the site's pages. Each "
        "page is missing for it, so it answers 404 or 403, and asks php-fpm for none.",
        decides="nginx: stat() failed (13: Permission denied), and owner, mode or ACL of a directory on the "
        "way refuse nginx's user now.",
        fix="give nginx's user x on the directory in the evidence, by an entry in its ACL",
        advice="Let the user of nginx's workers search the directory in the evidence: `x` in its ACL is "
        "enough, no group and no mode. The account of the pool needs the same.",
        do_not="Do not chmod -R 777 the site: all accounts of the host could change its code.",
    ),
    ("nginx_own_error", "hidden_root"): HIDDEN_ROOT,
    ("nginx_own_error", "index_missing"): Entry(
        title="no index names the site's page",
        what="A visitor asks for the site's front page. nginx looks for the names of its index directive, of "
        "which none is there, and answers 403. php-fpm is asked for nothing.",
        decides="nginx: directory index of the site's root is forbidden. index.php or another page is there, "
        "or in public/ or the like below.",
        fix="name the page of the evidence in index, or its directory in root; `{test_nginx} && "
        "{reload_nginx}`",
        advice="Write `index index.php index.html;` into the server block of the site. A location with an "
        "index of its own inherits none. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not chmod the directory, and do not turn autoindex on: it would list the site's files.",
    ),
    ("nginx_own_error", "symlinks_off"): Entry(
        title="nginx follows no symbolic link to the site",
        what="disable_symlinks keeps nginx from files behind a symbolic link. The directory of the site is "
        "such a link, as a deploy makes it. Visitors get 404 or 403, mostly without a line in a log.",
        decides="disable_symlinks is on for the front page, or if_not_owner and the owners differ. A link is "
        "on its way. Visitors get 404 or 403 for it.",
        fix="set root to where the link leads, or give the link the owner of the files; `{reload_nginx}`",
        advice="Write `disable_symlinks if_not_owner from=$document_root;`: the way to the root may then "
        "have links, and those below it are refused as before. Or let the deploy make the link as the "
        "account that owns the release (`chown -h`), where if_not_owner is set. Then `{test_nginx} && "
        "{reload_nginx}`.",
        do_not="Do not switch disable_symlinks off on a host with sites of several accounts: each could then "
        "read the others' files by a link.",
    ),
    ("nginx_own_error", "source_sent"): Entry(
        title="nginx sends the source of scripts",
        what="A location without a fastcgi_pass takes scripts from the location of PHP. Whoever asks for "
        "them gets their source, with the passwords in it.",
        decides="By the files of nginx that location answers the script of the evidence, which is there.",
        fix="in {file}:{line} pass scripts to PHP or deny them; `{test_nginx} && {reload_nginx}`",
        advice="Where they are pages: put `location ~ \\.php$` with its fastcgi_pass into the location of "
        "the evidence, or write that one without `^~`. Where nobody should run them, as below uploads: put "
        "`location ~ \\.php$` with `deny all;` there. Then `{test_nginx} && {reload_nginx}`. Change the "
        "passwords that the source has.",
        do_not="Do not rename the scripts to .inc or .txt: nginx would send them as well.",
        outage="A stranger reads the database's password, and visitors see code in place of a page.",
    ),
    ("nginx_own_error", "gone_root"): Entry(
        title="the directory of a site is not there",
        what="Neither nginx nor PHP-FPM has the directory of the site's scripts. It was taken away, a "
        "link leads nowhere, or its file system is not mounted or has died. Each page is 404 or 403.",
        decides="The root of the site's locations, or the directory in their SCRIPT_FILENAME, is missing for "
        "both. Or it lies where /etc/fstab has a file system that is not mounted.",
        fix="mount the file system of the evidence, or bring the directory back",
        advice="Where /etc/fstab has it: `mount -a`, and see `systemctl status` of that mount for why it "
        "was not there at boot. Transport endpoint is not connected: the program of the mount ended; "
        "`umount -l` it, then mount it again. Else look where the link on the way leads, and bring the "
        "release back. No daemon needs a restart.",
        do_not="Do not put the site's files below the empty directory: the mount would hide them.",
        when=(
            When(
                "fault",
                "link_circle",
                "make the link in the evidence anew, to a release: links lead in a circle there",
            ),
        ),
    ),
    ("nginx_own_error", "bind_address"): Entry(
        title="nginx is to dial from an address that is gone",
        what="fastcgi_bind names the address from which nginx is to connect to php-fpm. The host has it no "
        "more, so nginx answers 500 and php-fpm is asked for nothing.",
        decides="nginx: bind() failed (99: Cannot assign requested address) while connecting to upstream.",
        fix="take fastcgi_bind out, or name an address of the host; `{test_nginx} && {reload_nginx}`",
        advice="`nginx -T` shows where fastcgi_bind stands, `ip addr` what the host has. Take the directive "
        "out, as php-fpm on this host needs none, or correct it. Then `{test_nginx} && {reload_nginx}`.",
        do_not="Do not widen net.ipv4.ip_local_port_range: no port is lacking.",
    ),
    ("nginx_own_error", "catch_stderr"): Entry(
        title="nginx throws PHP's answers away",
        what="fastcgi_catch_stderr tells nginx to take an answer for broken if PHP logs a text beside it. "
        "PHP-FPM answers, and visitors get 502.",
        decides="The text of fastcgi_catch_stderr stands in a line FastCGI sent in stderr, and the access "
        "log has the 502.",
        fix="take fastcgi_catch_stderr out where the finding says; `{test_nginx} && {reload_nginx}`",
        advice="Take the directive out, or let it name a text that only a broken page logs. It is of use "
        "only where fastcgi_next_upstream has another server to ask. Then mend what PHP logs.",
        do_not="Do not restart PHP-FPM: it answers. To switch log_errors off hides the error as well.",
    ),
    ("nginx_own_error", "worker_crashed"): Entry(
        title="nginx's own workers crash",
        what="A worker of nginx ended by a signal. All its visitors got no answer at all, and no log "
        "has a line for them.",
        decides="nginx [alert]: worker process exited on signal.",
        fix="update or unload the module that nginx was last given, then restart nginx",
        advice="Signal 11, 6, 7 or 4: most often a module that was built for another nginx. `nginx -V` "
        "and `load_module` name them; unload the last one, or bring both to one version, then restart "
        "nginx. Signal 9: something killed it, see `journalctl -k`.",
        do_not="Do not restart PHP-FPM: it has no part in it.",
        returns=True,
        when=(
            When(
                "fault",
                "killed",
                "see who kills them: the kernel where memory is short (its log names nginx), or a program of "
                "this host; then make room, or stop that program",
            ),
        ),
    ),
}
