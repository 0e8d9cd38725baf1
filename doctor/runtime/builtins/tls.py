"""The interpreter's TLS. The one file is linked without OpenSSL: there ``ssl`` is ``None``, and who needs it says so."""

try:
    import ssl as ssl  # noqa: PLC0414
except ImportError:
    ssl = None  # type: ignore[assignment]

NO_TLS = "no-tls"
"""The problem of a target that speaks TLS, where this doctor does not."""
