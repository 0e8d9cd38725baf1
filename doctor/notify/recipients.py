"""Finds out who receives notifications, and refuses what could not work or would show a secret."""

import os
import re
import stat
from importlib import import_module
from types import ModuleType
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.state.out import write_out
from doctor.state.paths import config_file
from doctor.state.settings import Recipient, Settings
from doctor.state.trust import refuse_weak

MADE = "# Written by 'doctor schedule install'; 'doctor schedule remove' removes it.\n"
WAYS = {
    "command": "command",
    "http": "webhook",
    "https": "webhook",
    "journal": "journal",
    "mailto": "sendmail",
    "nagios": "files",
    "smtp": "smtp",
    "smtps": "smtp",
    "textfile": "files",
}
"""The module of ``doctor/notify/ways`` for each first word."""
OF_STATE = frozenset({"nagios", "textfile"})
"""These show the state of each scan; the others receive news."""
KNOWN = "command:/PATH, https://HOST/…, mailto:ADDRESS, smtp://HOST/?to=ADDRESS, journal, textfile:/PATH, nagios:/PATH, from:/FILE"
_LIMIT_BYTES = 64 << 10


class Delivery(Struct, frozen=True, kw_only=True):
    """A recipient as its way of delivery needs it.

    Attributes:
        word: the first word of ``to``: ``https``.
        place: the rest; for a URL all of it.
        shown: the recipient without anything that may be a secret.
        given: as in the settings; ``key`` identifies it in the record of notifications.
        address: of a mail, the one address that this is for.
        is_secret: whether it comes from a root-only file, of which nothing is shown.
    """

    word: str
    place: str
    shown: str
    given: Recipient
    address: str = ""
    is_secret: bool = False

    @property
    def key(self) -> str:
        """Sixteen hex digits, so that the record holds no secret of a URL."""
        from hashlib import sha256  # noqa: PLC0415 - only with a recipient

        whole = f"{self.word}:{self.place}\0{self.address}"
        return sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def module(self) -> ModuleType:
        """Import and return the module that delivers to it."""
        return import_module(f"doctor.notify.ways.{WAYS[self.word]}")


def installed_file() -> str:
    """Return the file that ``doctor schedule install --notify`` writes, beside the settings."""
    return os.path.join(os.path.dirname(os.path.abspath(config_file())), "notify.toml")


def recipients(settings: Settings) -> tuple[Recipient, ...]:
    """Return all recipients: of the settings, and those given at the installation of the schedule. Raises ``DoctorError``."""
    found = {one.to: one for one in (*installed(), *settings.notify)}
    return tuple(found.values())


def installed() -> tuple[Recipient, ...]:
    """Return the recipients that were given at the installation. Raises ``DoctorError``."""
    from doctor.state.settings import parse  # noqa: PLC0415

    path = installed_file()
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LIMIT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise DoctorError(f"can't read the recipients: {error.strerror}", where=path) from error
    if os.geteuid() == 0:
        refuse_weak(path, "the list of recipients")
    return parse(data, path).notify


def write_installed(words: tuple[str, ...]) -> bool:
    """Write the recipients given at an installation; return whether that changes the file. Raises ``DoctorError``."""
    import json  # noqa: PLC0415 - a JSON string of printable text is a TOML string

    path = installed_file()
    text = MADE + "".join(f"\n[[notify]]\nto = {json.dumps(word)}\n" for word in words)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            old = stream.read(_LIMIT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        old = ""
    except OSError as error:
        raise DoctorError(f"can't read the recipients: {error.strerror}", where=path) from error
    if old == text:
        return False
    if old and not old.startswith(MADE):
        raise RefusedError("the file exists and was not written by doctor", where=path, do="move it away")
    try:
        refuse_weak(os.path.dirname(path), "the directory of the settings")
        write_out(path, text.encode(), mode=0o600, make=True)
    except OSError as error:
        raise DoctorError(f"can't write the recipients: {error.strerror}", where=path) from error
    return True


def remove_installed() -> bool:
    """Remove that file; return whether there was one of doctor's."""
    path = installed_file()
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            is_ours = stream.read(len(MADE)) == MADE
    except OSError:
        return False
    if is_ours:
        os.unlink(path)
    return is_ours


def delivery(given: Recipient) -> Delivery:
    """Return how a recipient is reached. Raises ``DoctorError`` for one that can't be understood, or that shows a password."""
    return _of_word(given, secret(given.to[5:]).strip() if given.to.startswith("from:") else given.to)


def _of_word(given: Recipient, to: str) -> Delivery:
    # Of a recipient in a root-only file, only the file's name is shown: its content may be a bare token.
    label = shown(given.to)
    if not to.isascii() or not to.isprintable():
        raise UsageError("a recipient must be printable ASCII", where=label, do="encode it as a URL")
    word, colon, rest = to.partition(":")
    word = word.lower()
    if word not in WAYS or (word == "journal") == bool(colon) or (word != "journal" and not rest):
        what = f"the recipient '{label}'" if label == shown(to) else f"the recipient in {given.to[5:]}"
        raise UsageError(f"{what} is unknown", do=f"known are {KNOWN}")
    if WAYS[word] in {"webhook", "smtp"}:
        _check_url(to, label)
        rest = to
    elif word in {"command", *OF_STATE} and not rest.startswith("/"):
        raise UsageError(f"the recipient '{label}' needs an absolute path", do=f"write {word}:/PATH")
    if given.proxy and WAYS[word] != "webhook":
        raise UsageError("only a webhook has a proxy", where=label, do="remove 'proxy' of this recipient")
    return Delivery(
        word=word, place=rest, shown=label, given=replace(given, to=to), is_secret=given.to.startswith("from:")
    )


def _check_url(to: str, label: str) -> None:
    # The library's own errors repeat the URL.
    if " " in to:
        raise UsageError("the URL of a recipient contains a space", where=label, do="remove it, or write %20")
    try:
        url = urlsplit(to)
        host, _ = url.hostname, url.port
    except ValueError:
        raise UsageError("the URL of a recipient has no valid host and port", where=label) from None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        raise UsageError("the URL of a recipient has no valid host", where=label, do=f"write {url.scheme}://HOST/…")
    if url.password is not None or (url.username and url.scheme in {"http", "https"}):
        raise RefusedError(
            "the URL of a recipient contains a login, which other users could see",
            where=label,
            do="put it into a root-only file, and name that as secret-file of a [[notify]] table in doctor.toml",
        )


def shown(to: str) -> str:
    """Return a recipient for a reader: of an address only the host, and of a command the program, as the rest is often a secret.

    >>> shown("https://hooks.example/T0/B1/x7?k=1"), shown("smtp://me:x@mail.example:25/?to=ops@example.com"), shown("mailto:ops@example.com")
    ('https://hooks.example/…', 'smtp://mail.example:25/…', 'mail to ops@example.com')
    >>> shown("command:/bin/page --token x7"), shown("htps://hooks.example/x7"), shown("hooks.example/x7"), shown("https:/hooks.example/x7")
    ('command:/bin/page …', 'htps://hooks.example/…', 'hooks.example…', 'https:…')
    """
    word, colon, rest = to.partition(":")
    if word in {"from", "journal", *OF_STATE}:
        return to
    if word == "mailto":
        return f"mail to {_before(rest, '?')}"
    if word == "command":
        return f"command:{_before(rest, ' ')}{' …' if ' ' in rest else ''}"
    if not rest.startswith("//"):
        begin = word if colon else _before(to, "/?#@ ")
        return to if begin == to else f"{begin}{colon and ':'}…"
    authority = _before(rest[2:], "/?#\\ ")
    return f"{word}://{authority.rpartition('@')[2]}{'/…' if authority != rest[2:] else ''}"


def _before(text: str, ends: str) -> str:
    """Return the text before the first of some letters."""
    return re.split(f"[{re.escape(ends)}]", text, maxsplit=1)[0]


def secret(path: str) -> str:
    """Return the content of a root-only file. Raises ``DoctorError``; the content is never part of a message."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise DoctorError(f"can't read the secret: {error.strerror}", where=path) from error
    with open(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise DoctorError("the secret is not a regular file", where=path)
        refuse_weak(path, "the secret")
        if found.st_mode & 0o077:
            raise RefusedError("other users can read the secret", where=path, do=f"chmod 600 {path}")
        data = stream.read(_LIMIT_BYTES)
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise DoctorError("the secret is empty, or not one line of text", where=path)
    return text
