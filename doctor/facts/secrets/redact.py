"""Redacts text of a host: the only place that decides which text may leave it.

Whatever is printed, kept in a report or shown in a plan goes through ``redact``: values of settings, variables, flags,
headers and labels are masked unless their name is known to be harmless (``doctor.facts.secrets.harmless``), and so are the
credentials and the query of every URL. A setting from the engine's files is stored as ``Concealed``: fixers and
comparisons use its value, and printing it shows the mask.
"""

import re
from enum import Enum
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.secrets.commands import mask_commands
from doctor.facts.secrets.harmless import WRAPPERS, is_harmless, is_placeholder, is_plain, is_prose

MASK = "***"
_TEXTLESS = (int, float, Enum)

# Each is compiled at its first use: most texts need few of them, and all together take 2 ms.
_URL = r"""([A-Za-z][A-Za-z0-9+.-]*://)((?:\\.|[^\s"'<>\\|])+)"""
_PORT = r"(?:\[[^\]]*\]|[^:\[\]]*)(?::\d{0,5})?[,;).\]}]*"
_LOGIN = r"(?<![\w/@.+-])[\w.%+~-]+:[^\s\"'/@][^\s\"']*@(?!sha256:|sha512:)(?=[\w.\[-])"
_SHAPES = (
    r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)"
    r"|\beyJ[\w-]{5,}(?:\.[\w-]+){1,2}"
    r"|\b(?:gh[pousr]_|xox[abprs]-|glpat-|AKIA)[\w-]{8,}"
    r"|(?<=\bBearer )[\w.~+/=-]{4,}|(?<=\bBasic )[\w+/=-]{8,}"
    # Requests of clients, as dockerd prints them with "debug": arguments, labels and health checks are in them.
    r"|(?<=\bform data: )\{(?:(?:\\.|[^\"\\\n])+(?=\"|$)|[^\n]*)"
)
_NAMED = (
    r"""(?P<quote>["'])(?P<key>(?!/[\w.@/-]*\.sock["'][ \t]*:\s*[a-z])[\w.@/-]{1,128})(?P=quote)[ \t]*:\s*"""
    r"""|(?:(?<![\w./%-])|(?<=\n-))(?P<name>[A-Za-z_][\w./-]*)[ \t]?=(?![=>~])[ \t]*"""
    r"""|(?<![\w-])--(?P<flag>[A-Za-z][\w.-]*)(?:=|[ \t]+(?=[^\s-])(?!(?:a|and|are|as|at|for|from|has|in|is|of|or|out|restart|shows|start|status|stop|to|was|with|\(\w+)\b))"""
    r"""|(?m:^)[+ -]?[ \t]*(?P<header>(?i:(?:proxy-)?authorization|(?:set-)?cookie|x-[\w.-]+|private-token)):[ \t]*"""
)
_START = r"[+ -]?[ \t]*(?:export[ \t]+|set[ \t]+)?"
_SCALAR = r'(?s)"(?:\\.|[^"\\])*"?(?!\s*:)|[^\s\[\]{},:"]+(?!\s*:)'
_TO_END = r"(?:\\\n|[^\n])*"
_WORD = r"(?:\\.|[^\s\\])*"
_VERDICTS = frozenset({"accept", "continue", "drop", "goto", "jump", "queue", "return"})


class Concealed(str):
    """Text with a secret: compared and written unchanged, printed as its mask.

    >>> secret = Concealed("hunter2")
    >>> secret == "hunter2", f"{secret}", repr([secret])
    (True, '***', "['***']")
    """

    __slots__ = ("_shown",)
    _shown: str

    def __new__(cls, value: str, shown: str = MASK) -> Self:
        """Return ``value``, printed as ``shown``; for a concealed value its text, not its mask."""
        made = super().__new__(cls, value[:])
        made._shown = shown
        return made

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return repr(self._shown)

    def __format__(self, spec: str) -> str:
        return format(self._shown, spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return Concealed, (self[:], self._shown)


def revealed(value: str) -> str:
    """Return the real text of a ``Concealed`` value, to write it into a file of the host."""
    return value[:]


def shown(value: Any) -> Any:
    """Return a setting's value for display: each ``Concealed`` text as its mask.

    >>> shown({"http-proxy": conceal("http-proxy", "http://u:p@h"), "mtu": 1400})
    {'http-proxy': 'http://***@h', 'mtu': 1400}
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


def as_json(value: Any) -> str:
    """Return a setting's value as JSON, each ``Concealed`` text as its mask: for messages, never as Python prints it.

    >>> print(as_json(["fd://", conceal("http-proxy", "http://u:p@h"), True]))
    ["fd://", "http://***@h", true]
    """
    import json  # noqa: PLC0415 - only for a finding or a plan

    return json.dumps(shown(value), ensure_ascii=False)


def conceal(name: str, value: Any) -> Any:
    """Return a setting's value with each text ``Concealed`` that must not be shown under this name.

    >>> conceal("log-opts", {"max-size": "10m", "splunk-token": "1234-5678"})
    {'max-size': '10m', 'splunk-token': '***'}
    >>> conceal("https-proxy", "http://me:p@w@proxy:3128")
    'http://***@proxy:3128'
    """
    if isinstance(value, str):
        shown = redact(value) if name in WRAPPERS or is_harmless(name) or is_plain(name, value) else MASK
        return value if shown == value else Concealed(value, shown)
    if isinstance(value, dict):
        return {key: conceal(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [conceal(name, item) for item in value]
    return value


def redact(text: str) -> str:
    r"""Return a redacted text of a host.

    >>> redact('DOCKER_OPTS="--log-opt splunk-token=1234-5678 --log-driver=splunk"')
    'DOCKER_OPTS="--log-opt splunk-token=*** --log-driver=splunk"'
    >>> redact('Environment="HTTPS_PROXY=http://u:p/w@proxy:1" "API=abc def"')
    'Environment="HTTPS_PROXY=http://***@proxy:1" "API=***"'
    >>> redact("can't mount 'data': No such device; 'token': letters")
    "can't mount 'data': No such device; 'token': ***"
    >>> redact("use DOCKER_HOST=ssh://USER@HOST instead")
    'use DOCKER_HOST=ssh://USER@HOST instead'
    >>> redact("GET https://s3.example/layer?X-Amz-Signature=abc 403")
    'GET https://s3.example/layer?*** 403'
    >>> redact('{"runtimes": {"x": {"path": "/bin/x", "runtimeArgs": ["--key", "abc"]}}}')
    '{"runtimes": {"x": {"path": "/bin/x", "runtimeArgs": ["***", "***"]}}}'
    >>> redact("doctor fix --choose state/layer-mount-corrupt:web=3f2a --apply --token=3f2a")
    'doctor fix --choose state/layer-mount-corrupt:web=3f2a --apply --token=***'
    >>> redact("--choose 'state/drivers-several=btrfs' is not a candidate")
    "--choose 'state/drivers-several=btrfs' is not a candidate"
    >>> redact('time="2026-11-29T12:00:00Z" level=error msg="login failed: token=abc" error="permission denied"')
    'time="2026-11-29T12:00:00Z" level=error msg="login failed: token=***" error="permission denied"'
    >>> redact('exec: "/srv/auth": permission denied; at "/etc": is a directory; "/registry": hunter2')
    'exec: "/srv/auth": permission denied; at "/etc": is a directory; "/registry": ***'
    >>> redact('oifname vmap { "docker0" : jump in, "br-app" : drop, "my-token" : drop }')
    'oifname vmap { "docker0" : jump in, "br-app" : drop, "my-token" : *** }'
    >>> redact('map way { type ifname : verdict; elements = { "docker0" : drop, "tun9" : accept }; }')
    'map way { type ifname : verdict; elements = { "docker0" : drop, "tun9" : accept }; }'
    >>> redact("net.ipv4.ip_forward = 0, so --dport 80 is closed")
    'net.ipv4.ip_forward = 0, so --dport 80 is closed'
    """
    if type(text) is not str:
        text = str(text)
    if _has_options(text):
        text = mask_commands(text, MASK)
    if not _is_marked(text):
        return text
    text = re.sub(_SHAPES, MASK, text)
    text = re.sub(_LOGIN, f"{MASK}@", re.sub(_URL, _url, text))
    if "=" not in text and ":" not in text and "--" not in text:
        return text
    return _settings(text)


def _is_marked(text: str) -> bool:
    """Whether a text can match any pattern; most text of a report can't, and costs only this test."""
    return (
        ":" in text
        or "=" in text
        or "--" in text
        or "eyJ" in text
        or "AKIA" in text
        or "xox" in text
        or "glpat-" in text
        or ("gh" in text and "_" in text)
    )


def _has_options(text: str) -> bool:
    """Whether it may be a command line: an option, or words for a program that reads a password."""
    return " -" in text or '"-' in text or "'-" in text or " | " in text or "sqlplus " in text or "rabbitmqctl " in text


def _url(found: re.Match[str]) -> str:
    scheme, rest = found.groups()
    before, at, after = rest.rpartition("@")
    if at and "?" in before:
        return f"{scheme}{MASK}"
    if at and not after.startswith(("sha256:", "sha512:")):
        rest, login = after, f"{before if is_placeholder(before) else MASK}@"
    else:
        login = ""
        authority, slash, tail = rest.partition("/")
        # "user:pass" that ends before its "@", as in a truncated file.
        if re.fullmatch(_PORT, authority) is None and "=" not in authority and not _is_advice(authority):
            rest = f"{MASK}{slash}{tail}"
    path, question, query = rest.partition("?")
    if question and query and not is_placeholder(query.partition("=")[2].rstrip("'),.;")):
        closing = re.search(r"[)\]},.;]*$", query)
        rest = f"{path}?{MASK}{closing[0] if closing else ''}"
    path, sharp, fragment = rest.partition("#")
    if sharp and "=" in fragment:
        rest = f"{path}#{MASK}"
    return f"{scheme}{login}{rest}"


def _is_advice(authority: str) -> bool:
    """Whether it is "HOST:PORT" of doctor's own advice."""
    return all(is_placeholder(word) for word in authority.rstrip(",;.)").split(":"))


# An answer to a question of doctor, up to the candidate (--choose state/layer-mount-corrupt:web=): useless if masked.
_CHOICE = r"--choose[ =]['\"]?(?:[\w.-]+:)?[\w-]+/[\w-]+(?::[^=\n]*)?=$"


def _is_choice(text: str, found: re.Match[str]) -> bool:
    """Whether the match is the name before the candidate of a ``--choose``; a plugin's id starts with its name."""
    return re.compile(_CHOICE).search(text, text.rfind("\n", 0, found.start()) + 1, found.end()) is not None


def _settings(text: str) -> str:
    parts: list[str] = []
    done = at = 0
    named = re.compile(_NAMED)
    while (found := named.search(text, at)) is not None:
        at = found.end()
        header = found["header"]
        name = found["key"] or found["name"] or found["flag"] or header
        if not header and (name in WRAPPERS or is_harmless(name) or _is_choice(text, found)):
            continue
        masked, end = _masked(text, found, name)
        if end > at:
            parts += (text[done:at], masked)
            done = at = end
    return "".join((*parts, text[done:])) if parts else text


def _masked(text: str, found: re.Match[str], name: str) -> tuple[str, int]:
    """Return the replacement for the value after a name, and the position where the value ends."""
    start = found.end()
    opening = text[start : start + 1]
    if opening == "{" and (found["key"] or name == "elements"):
        return "", start  # its entries have names of their own; nft lists a set so
    if opening in {"[", "{"}:
        end = _bracket(text, start)
        return re.sub(_SCALAR, lambda piece: _scalar(piece, name), text[start:end]), end
    if opening in {'"', "'"}:
        end = _quoted(text, start + 1, opening)
        return _kept(name, text[start + 1 : end], opening) + text[end : end + 1], min(end + 1, len(text))
    if found["key"]:
        bare = re.compile(r"[^\s,}\]]*").match(text, start)
        end = bare.end() if bare else start
        word = text[start:end]
        return (word if _is_sentence(text, found, name, word) else _kept(name, word)), end
    before = text[found.start() - 1 : found.start()]
    if before in {'"', "'"} and found["name"]:
        end = _quoted(text, start, before)
    elif found["header"] or (found["name"] and _is_line_start(text, found.start())):
        end = _end(_TO_END, text, start)
    else:
        end = _end(_WORD, text, start)
        quote = _open_quote(text, found.start())
        if quote:
            end = min(end, _quoted(text, start, quote))
    return _kept(name, text[start:end].rstrip("\r")), end


def _is_sentence(text: str, found: re.Match[str], name: str, word: str) -> bool:
    """Whether a bare word after a quoted name is part of an error message, not a value in JSON.

    runc quotes the program and the paths it names: ``exec: "/srv/app": stat /srv/app: no such file or directory``. nft quotes the
    interfaces in a map of verdicts: ``iifname vmap { "br-app" : drop }``.
    """
    if text.endswith("exec: ", 0, found.start()) or word in {"error", "failed"}:
        return word.isalpha() and word.isascii()
    if word in _VERDICTS:
        return is_prose(name, word)
    return (found["quote"] == "'" or name.startswith("/")) and is_prose(name, word)


def _kept(name: str, value: str, before: str = "") -> str:
    """Return a value if it is plain, else the mask; a variable reference (``$TOKEN``) is not a secret."""
    bare = value.strip("\"',;). ")
    return before + (value if is_plain(name, bare) or re.fullmatch(r"\$\{?\w+\}?", bare) else MASK)


def _scalar(found: re.Match[str], name: str) -> str:
    value = found[0]
    if value.startswith('"'):
        return _kept(name, value.strip('"'), '"') + '"' * (len(value) > 1 and value.endswith('"'))
    return _kept(name, value)


def _bracket(text: str, start: int) -> int:
    depth = 0
    for piece in re.finditer(r'"(?:\\.|[^"\\])*"?|[\[\]{}]', text[start : start + 65536], re.DOTALL):
        depth += (piece[0] in "[{") - (piece[0] in "]}")
        if depth == 0:
            return start + piece.end()
    return len(text)


def _quoted(text: str, start: int, quote: str) -> int:
    closing = re.compile(rf"(?:\\.|[^{quote}\\])*", re.DOTALL).match(text, start)
    return closing.end() if closing else len(text)


def _end(pattern: str, text: str, start: int) -> int:
    found = re.compile(pattern).match(text, start)
    return found.end() if found else start


def _is_line_start(text: str, at: int) -> bool:
    line = text.rfind("\n", 0, at) + 1
    return re.compile(_START).fullmatch(text, line, at) is not None


def _open_quote(text: str, at: int) -> str:
    """Return the quote that is open at the position of a name, "" for none: it ends a list of flags in a variable."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    for quote in ('"', "'"):
        if line.count(quote) % 2:
            return quote
    return ""


def redacted(value: Any) -> Any:
    """Return a report, or any value made of structs, tuples and mappings, with all text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Struct):
        changed = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            # `detail` is for the fixer and not in reports; numbers and enumeration members hold no text of the host.
            if old and not isinstance(old, _TEXTLESS) and name != "detail":
                new = redact(old) if type(old) is str else redacted(old)
                if new is not old:
                    changed[name] = new
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple | list):
        made = [redacted(item) for item in value]
        return value if all(new is old for new, old in zip(made, value, strict=True)) else type(value)(made)
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items()}
    return value
