"""Validators of single values of libnetwork's records."""

from collections.abc import Callable
from typing import Any

from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load
from doctor.model.errors import FormatError
from doctor.model.text import is_one_bit_off

Judge = Callable[[Any, bool], bool]
"""Whether a value is valid; with ``strict`` an object must not have unknown keys."""

_HEX = frozenset("0123456789abcdef")
_SHORTEST_TIME = 20
_PROTOCOLS = frozenset({1, 6, 17, 58, 132})


def text(value: Any, _strict: bool = False) -> bool:
    """Text."""
    return isinstance(value, str)


def flag(value: Any, _strict: bool = False) -> bool:
    """True or false."""
    return isinstance(value, bool)


def number(value: Any, _strict: bool = False) -> bool:
    """A number, as Go's float64."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: Any, _strict: bool = False) -> bool:
    """An unsigned 64-bit number."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64


def port(value: Any, _strict: bool = False) -> bool:
    """A port, 0 for none."""
    return count(value) and value < 1 << 16


def protocol(value: Any, _strict: bool = False) -> bool:
    """One of the protocols that Docker publishes, by its number."""
    return count(value) and value in _PROTOCOLS


def anything(value: Any, _strict: bool = False) -> bool:
    """Any value that the engine reads unchecked."""
    del value
    return True


def identity(value: Any, _strict: bool = False) -> bool:
    """An id of 64 hex digits."""
    return isinstance(value, str) and is_hex64(value)


def network_identity(value: Any, _strict: bool = False) -> bool:
    """An id of a network: of this engine's own, or of 25 letters and digits that a swarm gave (moby/swarmkit identity)."""
    return identity(value) or _is_swarm_id(value)


def sandbox_identity(value: Any, _strict: bool = False) -> bool:
    """An id of a sandbox; a swarm's have names instead (libnetwork controller.go, NewSandbox).

    >>> sandbox_identity("ingress_sbox"), sandbox_identity("lb_tq5ujpvppxqawnbtqhirbo5oc"), sandbox_identity("ingress_sboy")
    (True, True, False)
    """
    if not isinstance(value, str):
        return False
    return value == "ingress_sbox" or identity(value) or (value.startswith("lb_") and network_identity(value[3:]))


def _is_swarm_id(value: Any) -> bool:
    return (
        isinstance(value, str) and len(value) == 25 and value.isascii() and value.isalnum() and value == value.lower()
    )


def time(value: Any, _strict: bool = False) -> bool:
    """2026-11-29T11:13:38.844724958Z, as Go prints it; compiling a regular expression would slow each scan."""
    if not isinstance(value, str) or len(value) < _SHORTEST_TIME or value[10] != "T":
        return False
    date, clock = value[:10].split("-"), value[11:19].split(":")
    if len(date) != 3 or len(clock) != 3 or not all(_is_number(part) for part in (*date, *clock)):
        return False
    rest = value[19:]
    fraction = rest.rstrip("Z") if rest.endswith("Z") else rest[:-6]
    zone = "" if rest.endswith("Z") else rest[-6:]
    is_zone = not zone or (zone[0] in "+-" and zone[3] == ":" and _is_number(zone[1:3]) and _is_number(zone[4:]))
    return is_zone and (not fraction or (fraction[0] == "." and _is_number(fraction[1:])))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def mac(value: Any, _strict: bool = False) -> bool:
    """A MAC address as Go prints it."""
    parts = value.split(":") if isinstance(value, str) else []
    return len(parts) == 6 and all(len(part) == 2 and all(char in _HEX for char in part) for part in parts)


def cidr(value: Any, _strict: bool = False) -> bool:
    """An address with the length of its network."""
    if not isinstance(value, str):
        return False
    if ":" in value:
        return _is_ipv6(value, prefix=True)
    address, _, bits = value.partition("/")
    return _is_ipv4(address) and _is_number(bits) and len(bits) < 3 and int(bits) <= 32


def address(value: Any, _strict: bool = False) -> bool:
    """An address, or Go's text for none."""
    if not isinstance(value, str):
        return False
    return value in {"", "<nil>"} or (_is_ipv6(value, prefix=False) if ":" in value else _is_ipv4(value))


def _is_ipv4(value: str) -> bool:
    parts = value.split(".")
    return len(parts) == 4 and all(
        _is_number(part) and len(part) < 4 and int(part) < 256 and (part == "0" or part[0] != "0") for part in parts
    )


def _is_ipv6(value: str, *, prefix: bool) -> bool:
    from ipaddress import ip_address, ip_interface  # noqa: PLC0415 - 1.5 ms that few hosts need

    try:
        return "/" in value and ip_interface(value).version == 6 if prefix else ip_address(value).version == 6
    except ValueError:
        return False


def interface(value: Any, _strict: bool = False) -> bool:
    """The name of a network interface: the kernel accepts 15 bytes."""
    return (
        isinstance(value, str)
        and value.isascii()
        and len(value) < 16
        and all(char.isalnum() or char in "_.-" for char in value)
    )


def one_of(*words: str) -> Judge:
    """One of these words."""
    return lambda value, _strict: isinstance(value, str) and value in words


scope = one_of("", "local", "swarm", "global")
balancer = one_of("", "NAT", "DSR")


def word(*known: str) -> Judge:
    """Text that is not one bit away from these: plugins have their own words."""
    return lambda value, _strict: isinstance(value, str) and not any(is_one_bit_off(value, word) for word in known)


network_type = word("bridge", "host", "null", "overlay", "macvlan", "ipvlan")
ipam_type = word("default", "null")


def nothing_or(judge: Judge) -> Judge:
    """Null, or a value that another validator accepts."""
    return lambda value, strict: value is None or judge(value, strict)


def list_of(judge: Judge) -> Judge:
    """Null, or a list of values that another validator accepts."""
    return lambda value, strict: (
        value is None or (isinstance(value, list) and all(judge(item, strict) for item in value))
    )


def map_of(judge: Judge) -> Judge:
    """Null, or an object of values that another validator accepts."""
    return lambda value, strict: (
        value is None or (isinstance(value, dict) and all(judge(item, strict) for item in value.values()))
    )


def struct(**fields: Judge) -> Judge:
    """An object with known members only, each of which may be missing."""

    def judge(value: Any, strict: bool) -> bool:
        return isinstance(value, dict) and all(
            fields[key](item, strict) if key in fields else not (strict or is_slip(key, fields, value))
            for key, item in value.items()
        )

    return judge


def is_slip(key: str, known: Any, present: Any) -> bool:
    """Whether an unknown key is one bit away from a known one that is missing."""
    return key not in known and any(name not in present and is_one_bit_off(key, name) for name in known)


def json_text(judge: Judge) -> Judge:
    """Text with JSON."""

    def judged(value: Any, strict: bool) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return judge(load(value.encode("utf-8", "surrogatepass")), strict)
        except FormatError:
            return False

    return judged
