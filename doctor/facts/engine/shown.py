"""Settings that a running engine shows in GET /info and /version, in the form of daemon.json."""

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import field

from doctor.model.secret import SECRET, Guarded


class ShownSettings(Guarded, frozen=True, kw_only=True):
    """The settings that the running engine shows.

    Attributes:
        values: key → value, only those that this engine's answers have; masked passwords of proxies stay out.
        insecure: registries and subnets whose certificates it does not verify.
    """

    values: Annotated[dict[str, Any], SECRET] = field(default_factory=dict)
    insecure: tuple[str, ...] = ()


def without_login(url: Any) -> str:
    """Return a URL without user and password, and without the final slash.

    >>> without_login("http://xxxxx:xxxxx@proxy:3128"), without_login("https://m.example/")
    ('http://proxy:3128', 'https://m.example')
    """
    text = url[:] if isinstance(url, str) else ""
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}".rstrip("/")


def registry(text: Any) -> str:
    """Return an insecure registry as the engine lists it: without a scheme.

    >>> registry("http://reg.example:5000")
    'reg.example:5000'
    """
    return str(text).partition("://")[2] or str(text)


def pools(value: Any) -> Iterator[tuple[str, int]]:
    """Yield address pools as (base, size), from daemon.json or from the engine's answer."""
    for pool in value if isinstance(value, list) else ():
        low = {str(key).lower(): item for key, item in pool.items()} if isinstance(pool, dict) else {}
        base, size = low.get("base"), low.get("size")
        if isinstance(base, str) and isinstance(size, int):
            yield base, size
