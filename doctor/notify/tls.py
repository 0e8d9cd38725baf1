"""TLS of this Python, if it has any: the one file has not, and uses ``by_curl`` (docs/decisions/0059)."""

from typing import TYPE_CHECKING

from doctor.model.errors import DoctorError

if TYPE_CHECKING:
    import ssl


def is_there() -> bool:
    """Whether this Python has TLS."""
    try:
        import ssl  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def context(ca_file: str) -> "ssl.SSLContext":
    """Return a context that checks certificates by the host's list, or by the given file. Raises ``DoctorError``."""
    import ssl  # noqa: PLC0415 - costs 10 ms, and is missing in the one file

    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise DoctorError(f"can't read the certificates: {error.strerror or error}", where=ca_file) from error


def accept_any(context: "ssl.SSLContext") -> None:
    """Accept any certificate: the content is still hidden from those who only listen."""
    import ssl  # noqa: PLC0415

    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def refuse_certificate(error: Exception) -> None:
    """Raise ``DoctorError`` if an error is about the certificate: another attempt would not help."""
    if is_there():
        import ssl  # noqa: PLC0415

        if isinstance(error, ssl.SSLCertVerificationError):
            raise DoctorError(
                f"the certificate of the server is not trusted: {error.verify_message}",
                do="correct it, or name its CA as ca-file in a [[notify]] table of doctor.toml",
            ) from error
