"""``smtp://HOST:25/?to=ADDRESS`` and ``smtps://``: an e-mail by a mail server.

STARTTLS is used where the server offers it. Its certificate is checked for smtps, with ``tls=checked``, and before a password is sent; otherwise
not, as between mail servers: a relay in the same network rarely has a certificate that this host can check.
"""

import shutil
import smtplib
import socket

from doctor.model.errors import DoctorError
from doctor.model.text import visible
from doctor.notify import by_curl, tls
from doctor.notify.mail import MailRoute, message
from doctor.notify.recipients import Delivery, secret
from doctor.notify.send import Parcel, TryLaterError

_MOST_ANSWER = 64 << 10


class _Answers:
    """The lines of a server, not more than any answer has: the library keeps all of one in memory."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rb")
        self.left = _MOST_ANSWER

    def readline(self, size: int) -> bytes:
        """Return the next line."""
        line = self._stream.readline(size)
        self.left -= len(line)
        if self.left < 0:
            raise DoctorError("the answer of the mail server has no end")
        return line

    def close(self) -> None:
        """Close it."""
        self._stream.close()


class BoundedSmtp(smtplib.SMTP):
    """A client whose server can't fill the memory."""

    def getreply(self) -> tuple[int, bytes]:
        """Return the next answer."""
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock)
        if isinstance(self.file, _Answers):
            self.file.left = _MOST_ANSWER
        try:
            return super().getreply()
        except DoctorError:
            self.close()
            raise


def _with_tls(way: MailRoute, name: str, delivery: Delivery) -> smtplib.SMTP:
    """Connect with TLS from the beginning. The library has no such client where this doctor has no TLS."""

    class BoundedSmtps(BoundedSmtp, smtplib.SMTP_SSL):
        """Both."""

    limit, context = delivery.given.timeout, tls.context(delivery.given.ca_file)
    return BoundedSmtps(way.host, way.port, name, timeout=limit, context=context)


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` for invalid addresses, an unusable password, or if TLS is needed and this doctor has none."""
    way = MailRoute(delivery)
    given = delivery.given
    if given.secret_file:
        secret(given.secret_file)
    if bool(way.user) != bool(given.secret_file):
        raise DoctorError(
            "a login needs a user and a password",
            where=delivery.shown,
            do='write smtp://USER@HOST/… and secret-file = "/FILE" in a [[notify]] table of doctor.toml',
        )
    if _must_check(delivery, way) and not tls.is_there():
        by_curl.curl()


def _must_check(delivery: Delivery, way: MailRoute) -> bool:
    return delivery.word == "smtps" or way.must_check or bool(way.user)


def send(parcel: Parcel) -> None:
    """Send it once. Raises ``TryLaterError`` if another attempt may succeed, else ``DoctorError``."""
    delivery = parcel.delivery
    check(delivery)
    way = MailRoute(delivery)
    if not tls.is_there() and shutil.which("curl"):
        _by_curl(parcel, way)
        return
    try:
        _send(parcel, way)
    except smtplib.SMTPRecipientsRefused as error:
        code, says = next(iter(error.recipients.values()))
        raise _refused(code, says) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPServerDisconnected as error:
        raise TryLaterError("the mail server closed the connection") from error
    except TimeoutError as error:
        raise TryLaterError(f"no answer within {delivery.given.timeout} s") from error
    except (OSError, smtplib.SMTPException) as error:
        tls.refuse_certificate(error)
        if isinstance(error, socket.gaierror):
            raise TryLaterError(f"the name of the server is unknown: {error.strerror}") from error
        raise TryLaterError(f"can't deliver it: {getattr(error, 'strerror', None) or error}") from error


def _by_curl(parcel: Parcel, way: MailRoute) -> None:
    delivery, sender = parcel.delivery, way.sender_on(parcel.notice)
    way.name = parcel.notice.name
    by_curl.mail(
        way,
        (sender, delivery.address),
        message(parcel.notice, sender, delivery.address).as_bytes(),
        must_check=_must_check(delivery, way),
        password=secret(delivery.given.secret_file) if way.user else "",
        given=delivery.given,
    )


def _send(parcel: Parcel, way: MailRoute) -> None:
    delivery, notice = parcel.delivery, parcel.notice
    limit, name = delivery.given.timeout, notice.name
    client: smtplib.SMTP
    if delivery.word == "smtps":
        client = _with_tls(way, name, delivery)
    else:
        client = BoundedSmtp(way.host, way.port, name, timeout=limit)
    sender = way.sender_on(notice)
    with client:
        client.ehlo_or_helo_if_needed()
        if delivery.word == "smtp":
            _start_tls(client, delivery, way)
        if way.user:
            client.login(way.user, secret(delivery.given.secret_file))
        client.send_message(message(notice, sender, delivery.address), sender, [delivery.address])


def _start_tls(client: smtplib.SMTP, delivery: Delivery, way: MailRoute) -> None:
    is_offered = client.has_extn("starttls")
    if is_offered and tls.is_there():
        context = tls.context(delivery.given.ca_file)
        if not _must_check(delivery, way):
            tls.accept_any(context)
        client.starttls(context=context)
        client.ehlo()
    elif _must_check(delivery, way):
        raise DoctorError("the mail server offers no STARTTLS, so nothing was sent")


def _refused(code: int, says: bytes | str) -> DoctorError:
    kind = TryLaterError if 400 <= code < 500 or code < 200 else DoctorError
    return kind(f"the mail server answers {code} {_text(says)}")


def _text(says: bytes | str) -> str:
    text = says.decode("utf-8", "replace") if isinstance(says, bytes) else says
    return visible(text.replace("\n", " "))[:200]
