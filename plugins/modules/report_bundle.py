#!/usr/bin/python

# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; nothing of it runs on a host."""

DOCUMENTATION = r"""
module: report_bundle
short_description: Make one encrypted file of what all hosts handed on
version_added: 0.7.0
description:
  - Takes what M(webmedic.php_fpm.bundle_info) returned on every host of the play, and makes an archive of it.
  - It has the report, the snapshots, the log lines that decided, the configuration as it may be shown, and
    the versions.
  - A manifest in it says what is inside, and what was left out and why.
  - The archive is encrypted for the recipients before anything is written. What is not encrypted is in memory
    and in a pipe, and never in a file.
  - Once it is decrypted, it is a C(.tar.gz) of plain files. The same answers of the hosts give the same one.
  - Runs on the controller alone and once for all hosts; use it with C(run_once=true).
options:
  variable:
    description: Name of the variable in which the task with M(webmedic.php_fpm.bundle_info) was registered.
      Needed unless O(check_only=true).
    type: str
  check_only:
    description: Whether only to check that a bundle could be made, before the hosts are asked.
    type: bool
    default: false
  directory:
    description:
      - Directory on the controller for the bundles. It is made for its owner alone where it is missing.
        Relative to the directory from which the play was started.
      - A bundle is named after the time of the run. Only its owner can read it. None is replaced or removed.
    type: path
    default: ./webmedic-bundle
  recipients:
    description:
      - Who may decrypt the bundle. All are of one kind.
      - Keys of C(age), as V(age1...), and SSH keys, as V(ssh-ed25519 ...), are for C(age).
      - Whole fingerprints, of 40 or 64 digits, are for C(gpg). The key must be in the keyring of the account
        that runs Ansible. A name or a short id is refused, since anybody can make a key of that name.
      - Empty for C(ansible-vault). The password is that of C(--vault-id bundle@prompt). The id must be
        V(bundle), so that nobody has to give away the password of their own files.
    type: list
    elements: str
    default: []
  encryption:
    description:
      - With what it is encrypted.
      - V(auto) follows the recipients. Where their program is not installed, and a password with the id
        V(bundle) was given, it is C(ansible-vault), with a warning.
    type: str
    choices: [auto, age, gpg, vault]
    default: auto
  upload_url:
    description:
      - Where the bundle is to be sent, as O(webmedic.php_fpm.report_upload#module:to.url), to be checked.
      - A presigned URL says until when it is valid. One that is not valid any more is an error here.
    type: str
  window:
    description: How many seconds the hosts looked back; goes into the report.
    type: int
    default: 900
  print_table:
    description: Whether to show the table, as O(webmedic.php_fpm.fleet_report#module:print_table).
    type: bool
    default: true
extends_documentation_fragment:
  - webmedic.php_fpm.attributes.controller
attributes:
  check_mode:
    description: Can run in C(check_mode) and do what a normal run does.
    support: full
    details:
      - The bundle is written on the controller in check mode as well. No host is touched in either mode.
notes:
  - On the controller C(age) or C(gpg) must be installed for recipients of that kind.
seealso:
  - module: webmedic.php_fpm.bundle_info
  - module: webmedic.php_fpm.report_upload
  - module: webmedic.php_fpm.fleet_report
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Make one encrypted file of it
  webmedic.php_fpm.report_bundle:
    variable: gathered
    recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  run_once: true
  register: bundle

- name: Send it to object storage
  webmedic.php_fpm.report_upload:
    file: "{{ bundle.path }}"
    to:
      url: "{{ presigned_url }}"
  delegate_to: localhost
  become: false
  run_once: true
  no_log: true
"""

RETURN = r"""
path:
  description: Absolute path of the bundle.
  returned: unless O(check_only=true)
  type: str
  sample: /srv/audit/webmedic-bundle/2026-11-26T001502Z.tar.gz.age
method:
  description: With what it is encrypted, V(age), V(gpg) or V(vault).
  returned: success
  type: str
  sample: age
recipients:
  description: Who may decrypt it; empty with V(vault).
  returned: unless O(check_only=true)
  type: list
  elements: str
  sample: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
size:
  description: Bytes of the bundle.
  returned: unless O(check_only=true)
  type: int
  sample: 43120
manifest:
  description:
    - What is inside. C(hosts) has their names, directories and statuses, and what each left out. C(files) has
      path, bytes, SHA-256, the path on the host, and how many values were replaced. C(left_out) is what is
      never in a bundle.
  returned: unless O(check_only=true)
  type: dict
  sample:
    schema_version: 1
    made_at: "2026-11-26T00:15:02Z"
    version: 0.7.0
    hosts: [{name: web01, directory: hosts/web01, status: failing, left_out: []}]
msg:
  description: Where the bundle is, in one sentence.
  returned: success
  type: str
  sample: "Bundle: /srv/bundles/2026-11-26T001502Z.tar.gz.age, 43 KiB, encrypted with age for 1 recipient."
"""
