"""The e-mail of a notification, and the rules for addresses."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from doctor.model.errors import UsageError
from doctor.notify.notice import Notice
from doctor.notify.recipients import Delivery

# RFC 5321 without quoted local parts and address literals. An address that begins with "-" could be read as an option.
_ADDRESS = re.compile(
    r"(?!-)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@"
    r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*"
)
_OPTIONS = frozenset({"to", "from", "tls"})


def addresses(text: str, shown: str) -> tuple[str, ...]:
    """Return the addresses of a comma list. Raises ``UsageError`` for an invalid one.

    >>> addresses("ops@example.com,a.b@x", "mailto:…")
    ('ops@example.com', 'a.b@x')
    """
    found = tuple(filter(None, (word.strip() for word in text.split(","))))
    for one in found:
        if not _ADDRESS.fullmatch(one):
            raise UsageError(f"'{one}' is not a valid e-mail address", where=shown)
    if not found:
        raise UsageError(
            "the recipient has no e-mail address", where=shown, do="write mailto:ops@example.com or smtp://HOST/?to=…"
        )
    return found


class MailRoute:
    """Sender, receivers and options of a ``mailto:``, ``smtp:`` or ``smtps:`` recipient. Raises ``UsageError``."""

    def __init__(self, delivery: Delivery) -> None:
        self.shown = delivery.shown
        self.is_tls = delivery.word == "smtps"
        self.name = "doctor"
        if delivery.word == "mailto":
            path, _, query = delivery.place.partition("?")
            options = self._options(query)
            listed = unquote(path) + "," + options.get("to", "")
        else:
            url = urlsplit(delivery.place)
            options = self._options(url.query)
            listed = options.get("to", "")
            self.host, self.user = url.hostname or "", unquote(url.username or "")
            self.port = url.port or (465 if self.is_tls else 25)
        self.to = addresses(listed, self.shown)
        given = addresses(options["from"], self.shown) if "from" in options else ()
        if len(given) > 1:
            raise UsageError("a notification has one sender", where=self.shown)
        self.sender = given[0] if given else ""
        self.must_check = options.get("tls") == "checked"

    def _options(self, query: str) -> dict[str, str]:
        found = {name.lower(): ",".join(values) for name, values in parse_qs(query.replace("+", "%2B")).items()}
        unknown = sorted(found.keys() - _OPTIONS)
        if unknown:
            raise UsageError(
                f"option '{unknown[0]}' is unknown", where=self.shown, do="known are to, from, tls=checked"
            )
        if found.get("tls", "checked") != "checked":
            raise UsageError("option 'tls' has one value", where=self.shown, do="write tls=checked")
        return found

    def sender_on(self, notice: Notice) -> str:
        """Return the sender: the given one, else root on this host."""
        if self.sender:
            return self.sender
        guess = f"root@{notice.name.strip('.-')}"
        return guess if _ADDRESS.fullmatch(guess) else "root@localhost"


def message(notice: Notice, sender: str, to: str) -> EmailMessage:
    """Return the message. The library refuses a header with a line break, and its text has none to begin with."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = to
    made["Subject"] = f"[doctor] {notice.subject()}"
    import datetime as dt  # noqa: PLC0415 - only for a mail

    try:
        made["Date"] = format_datetime(dt.datetime.fromtimestamp(notice.sent, dt.UTC))
    except (ValueError, OverflowError, OSError):
        made["Date"] = format_datetime(dt.datetime.fromtimestamp(0, dt.UTC))
    # The same for each attempt: a receiver drops a repetition.
    made["Message-ID"] = f"<{notice.id}@doctor.{notice.name.strip('.-') or 'host'}>"
    # RFC 3834: no answer of an absent person, please.
    made["Auto-Submitted"] = "auto-generated"
    made["X-Doctor-Severity"] = notice.severity.word
    made["X-Doctor-Test"] = "yes" if notice.is_test else "no"
    made.set_content(notice.text(), cte="quoted-printable")
    return made
