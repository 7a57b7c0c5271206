# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets on command lines, as logs of cron, sudo and audit repeat them: an option means a password in some
programs alone.
"""

from .spelled import Rule, rule, without

_VALUE = r"(?:\"[^\"\n]{1,300}\"?|'[^'\n]{1,300}'?|(?![-\[])[^\s\"';|&]{1,300})"


def _option(programs: str, option: str) -> Rule:
    """option: with what may stand between it and the password."""
    words = programs.split()
    return rule(
        programs, r"(\b(?:%s)\w{0,12}\b[^\n;|&]{0,200}? %s)%s" % ("|".join(words), option, _VALUE), flags=0
    )


# Linear: each begins at a word of its own, and repeats are bounded.
_RULES = (
    _option(
        "mongo docker podman helm rabbitmqctl sqlcmd sqlplus isql az oc cf nats", r"-[pP][ =]?(?!\d+:\d)"
    ),
    _option("useradd usermod ssh-keygen sshpass mkpasswd 7z", r"-[pNP] ?"),
    _option("keytool jarsigner java", r"-\w{0,10}pass(?:word)?[ :=]"),
    _option("zip unzip", r"-P[ =]?"),
    _option("openssl", r"-(?:k|K|passin|passout|pass|password)[ =](?:pass:)?"),
    _option("ldapsearch ldapmodify ldapadd ldappasswd ldapwhoami impala-shell", r"-w[ =]?"),
    _option("ipmitool snmp mosquitto", r"-[AXP][ =]?"),
    _option("htpasswd", r"-\w{0,5}b\w{0,5}(?: [^\s;|&]{1,200}){2} "),
    _option("http https", r"-a [^\s:]{1,100}:"),
    # An account, and the password joined to it.
    _option("lftp smbclient rpcclient net mount", r"(?:-u|-U|-o user=)[ =]?[^\s,%]{1,100}[,%]"),
    rule(
        "vault heroku npm doctl flyctl gh",
        r"(\b(?:vault|heroku|npm|doctl|flyctl|gh auth) login (?:-\S{1,30} )?)" + _VALUE,
    ),
    rule("net use", r"(\bnet use [^\n;|&]{1,200}? )(?=\S{1,200} /user:)" + _VALUE),
    rule(
        "http-basic bearer. -oauth -token",
        r"(\b(?:http-basic|bearer|\w{3,8}-oauth|\w{3,8}-token)\.[\w.-]{1,200}(?: [\w.@-]{1,100})? )" + _VALUE,
    ),
    # As audit writes the words of a command.
    rule(
        "a0=",
        r"(\ba0=\"(?:mysql\w{0,10}|mariadb\w{0,10}|sshpass)\"[^\n]{0,300}? a\d{1,3}=\"-p)[^\"\n]{1,300}",
    ),
    rule("-u user", r"(\ba\d{1,3}=\"(?:-u|--(?:proxy-)?user)\" a\d{1,3}=\"[^\":]{1,100}:)[^\"\n]{1,300}"),
    # What is handed on by a pipe.
    rule(
        "<<<", r"(\b(?:chpasswd|passwd|sudo -S|su|cryptsetup|kinit|gpg)\b[^\n;|&]{0,100}<<<[ \t]?)" + _VALUE
    ),
    rule(
        "echo printf",
        r"(\b(?:echo|printf)(?: -\w{1,3})? )" + _VALUE + r"(?=[^\n|]{0,40}\|[ \t]?"
        r"(?:sudo -\w{0,5}S|\w{0,10}passwd|kinit|docker login|gpg|openssl|cryptsetup))",
    ),
    # Of protocols, and of their servers' files.
    rule(
        "requirepass masterauth auth-pass",
        r"(\b(?:requirepass|masterauth|sentinel auth-pass \S{1,60}) )" + _VALUE,
    ),
    rule("auth", r"(\bAUTH (?:[a-z]\w{0,60} )?)(?=\S{0,200}\d)" + _VALUE, flags=0),
    rule("setuser", r"(\bACL SETUSER [^\n]{0,200}?>)" + _VALUE),
    rule("community", r"(\bcommunity(?: string)?:? )(?=\S{0,200}\d)" + _VALUE),
    rule("pass", r"(\bPASS )" + _VALUE, flags=0),
    rule("pass", r"((?<![\w.-])pass )(?=[^\s\d]{0,100}\d)(?=[\W\d]{0,100}[a-z])[^\s/.:$=\"']{6,100}"),
    rule("$", r"(\$(?:arg|cookie|http)_\w{1,60} !?[=~*]{1,2} ?)" + _VALUE),
    rule(":thin:", r"(:thin:[\w.$-]{1,60}/)[^\s@\"']{1,200}(?=@)"),
)


def without_typed(text: str) -> str:
    return without(text, _RULES)
