"""Passwords in command lines whose option has no name that would show it: ``mysql -psecret``, ``curl -u user:secret``.

Options with a name (``--password=secret``, ``PGPASSWORD=secret``) are masked as settings are (``doctor.facts.secrets.redact``). Here are
programs by the option that holds the password, as their manual pages have it. A command line is a line of a shell, or the
list of a process's or a container's arguments in JSON.
"""

import re
from functools import partial

_VALUE = r"""(?:"[^",\]\s][^"\n]*"|'[^',\]\s][^'\n]*'|[^\s"',\[\]]+)"""
_GAP = r"""(?:["',\s]+|=)"""
_BEGIN = r"""(?<![^\s"',\[(=])"""
_PORTS = r"(?!\d[\d.]*:\d)"
"""A published port of docker has the same letter: ``docker run --name mysql -p3306:3306``."""

_MYSQL = r"mysql(?:_\w+|admin|binlog|check|dump|import|pump|show|slap|sh)?|mariadb(?:-\w+)?"
_MONGO = r"mongo(?:sh|dump|restore|export|import|stat|top|files)?"
_ATTACHED = rf"({_BEGIN}-p){_PORTS}{_VALUE}"


def _option(letters: str) -> str:
    """Return the pattern of an option whose value follows or is attached."""
    return rf"({_BEGIN}-[{letters}]{_GAP}?)(?!-){_VALUE}"


_WITH_USER = rf"({_BEGIN}(?:-\w*[uU]{_GAP}?|--(?:proxy-)?user{_GAP})(?:\"|')?[^\s\"',:@/]*:)(?!//){_VALUE}"
_READS = r"(?:sudo\s+)?[^\s|]{0,80}(?:chpasswd|passwd|sudo\s[^\n|]{0,200}-S|[^\n|]{1,200}--[\w-]{0,30}stdin)\b"
_PIPED_IN = rf"(^\s+(?:-\w+\s+)?){_VALUE}(?=[^\n|]{{0,200}}\|\s*{_READS})"
_HEADER = rf"""({_BEGIN}(?:-H|--header){_GAP}?["']?[\w-]+:\s*)(?:[^"'\n]+(?=["'])|[^\s"',]+)"""

_PROGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    # A part of the name, which is searched first: the patterns of the names, and of the options.
    "mysql": (_MYSQL, (_ATTACHED,)),
    "mariadb": (_MYSQL, (_ATTACHED,)),
    "sshpass": ("sshpass", (_option("p"),)),
    "-cli": (r"redis-cli|valkey-cli|keydb-cli", (_option("a"),)),
    "mongo": (_MONGO, (_option("p"),)),
    "cqlsh": ("cqlsh", (_option("p"),)),
    "curl": ("curl", (_WITH_USER, _HEADER)),
    "wget": ("wget", (_HEADER,)),
    "ldap": (r"ldap\w{1,20}", (_option("w"),)),
    "zip": ("zip|unzip", (_option("P"),)),
    "mosquitto_": (r"mosquitto_(?:pub|sub|rr)", (_option("P"),)),
    "sqlcmd": ("sqlcmd", (_option("P"),)),
    "ipmitool": ("ipmitool", (_option("P"),)),
    "7z": ("7z[arz]?", (rf"({_BEGIN}-p)(?!-){_VALUE}",)),
    "snmp": (r"snmp\w{1,20}", (_option("cAX"),)),
    "smbclient": ("smbclient", (rf"({_BEGIN}-U{_GAP}?[^\s\"',%]+%){_VALUE}",)),
    "ftp": (r"lftp|ncftp\w{0,9}", (rf"({_BEGIN}-u{_GAP}?[^\s\"',]+,){_VALUE}", _option("p"))),
    "openssl": ("openssl", (rf"({_BEGIN}-pass(?:in|out)?{_GAP}pass:){_VALUE}", _option("kK"))),
    "htpasswd": (
        "htpasswd",
        (rf"({_BEGIN}-\w*b\w*{_GAP}(?:-\w+{_GAP}){{0,9}}(?:[^\s\"',]+{_GAP}){{1,2}}){_VALUE}\s*$",),
    ),
    "rabbitmqctl": (
        "rabbitmqctl",
        (rf"((?:add_user|change_password|authenticate_user){_GAP}[^\s\"',]+{_GAP}){_VALUE}",),
    ),
    "sqlplus": ("sqlplus", (rf"({_BEGIN}[\w$#.]+/)(?=[^\s\"',/]+(?:@|\s|$)){_VALUE}",)),
    " login": (
        r"(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm)(?=[^\n|;]{1,200}\blogin\b)",
        (rf"({_BEGIN}-p{_GAP}?)(?!-){_VALUE}",),
    ),
    " | ": ("echo|printf", (_PIPED_IN,)),
}
_SEGMENT = r"(?<![\w.-])({})(?=[\s\"',])((?:(?!&&|\|\|)[^\n;|]){{1,2000}})"
_WHOLE = r"(?<![\w.-])({})(?=\s)([^\n;]{{1,2000}})"


def mask_commands(text: str, mask: str) -> str:
    """Return a text in which passwords of command lines are masked.

    >>> mask_commands("mysql -uroot -psecret1 shop", "***"), mask_commands("mysql -u root -p shop", "***")
    ('mysql -uroot -p*** shop', 'mysql -u root -p shop')
    >>> mask_commands("docker run -p 80:80 --name mysql -p3306:3306 mysql", "***")
    'docker run -p 80:80 --name mysql -p3306:3306 mysql'
    >>> mask_commands("echo hunter2 | docker login --password-stdin reg; curl -sSu bob:x https://reg/v2/", "***")
    'echo *** | docker login --password-stdin reg; curl -sSu bob:*** https://reg/v2/'
    """
    for part, (names, options) in _PROGRAMS.items():
        if part in text:
            shape = (_WHOLE if names.startswith("echo") else _SEGMENT).format(names)
            text = re.sub(shape, partial(_masked, options, mask), text)
    return text


def _masked(options: tuple[str, ...], mask: str, found: re.Match[str]) -> str:
    program, rest = found.groups()
    for option in options:
        rest = re.sub(option, rf"\g<1>{mask}", rest)
    return f"{program}{rest}"
