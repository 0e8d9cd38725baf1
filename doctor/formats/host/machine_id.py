"""The text of ``/etc/machine-id``, and the id of a host that reports show in its place."""

import re

# A random constant of doctor: never changed, or each host of a fleet would become another one.
_DOCTOR = bytes.fromhex("8cd7910c45304be290da9df1612bd094")


def host_id(machine_id: str) -> str:
    """Return the id of the host with this machine id, "" for text that holds no id.

    machine-id(5) asks for this: the machine id is confidential, and must not be shown to others. The id is computed as
    sd_id128_get_machine_app_specific(3) does, so that nobody can compute the machine id from it, or match it with the ids of
    other programs.

    >>> host_id("8f4a1c9d2b7e4f60a3d5e6f708192a3b")
    '51ee84664e7a47aea1790fcb90f953e5'
    >>> host_id("uninitialized"), host_id(""), host_id("0" * 32)
    ('', '', '')
    """
    text = machine_id.strip().replace("-", "").lower()
    # An image has "uninitialized" until its first boot.
    if re.fullmatch(r"[0-9a-f]{32}", text) is None or not text.strip("0"):
        return ""
    import hmac  # noqa: PLC0415 - only a report needs it

    digest = bytearray(hmac.digest(bytes.fromhex(text), _DOCTOR, "sha256")[:16])
    # The bits of a random UUID (RFC 9562, version 4).
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()
