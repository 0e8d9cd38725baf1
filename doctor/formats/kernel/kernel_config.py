"""Reads the build configuration of a kernel: /proc/config.gz and /boot/config-RELEASE."""

import re
import zlib
from functools import cached_property

from msgspec import Struct

from doctor.model.errors import FormatError

MAX_BYTES = 8 << 20
"""A whole allmodconfig is a third of a megabyte."""

_HEADER = re.compile(r"^# Linux/\S+ (\S+) Kernel Configuration", re.MULTILINE)
_OPTION = r"(?m)^(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)"


class KernelConfig(Struct, frozen=True, kw_only=True, dict=True):
    """A configuration file.

    Attributes:
        release: the release that the header names ("6.12.48-amd64" or just "6.12.48": it lacks the local version
            in most builds); "" without one. A file of another release does not describe the running kernel.
        text: the file.
    """

    release: str
    text: str

    @cached_property
    def options(self) -> dict[str, str]:
        """Every option by its name without "CONFIG_": "y", "m", "n" for one switched off, else its value."""
        return {yes or no: value if yes else "n" for yes, value, no in re.findall(_OPTION, self.text)}

    def value(self, option: str) -> str:
        """The value of one option, "n" if it is off or missing.

        Searches only for this option, which is cheaper than parsing ten thousand.
        """
        name = option.removeprefix("CONFIG_")
        at = self.text.find(f"\nCONFIG_{name}=")
        if at < 0:
            return "n"
        start = at + len(name) + 9
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].strip()

    def is_enabled(self, option: str) -> bool:
        """Whether an option is built in or a module."""
        return self.value(option) in {"y", "m"}


def parse(data: bytes) -> KernelConfig:
    r"""A configuration, plain or compressed with gzip.

    Raises:
        FormatError: truncated gzip, larger than the limit, or without any option.

    >>> config = parse(b"# Linux/x86_64 6.12.48 Kernel Configuration\nCONFIG_VETH=m\n# CONFIG_AUFS_FS is not set\n")
    >>> config.release, config.value("VETH"), config.is_enabled("CONFIG_AUFS_FS")
    ('6.12.48', 'm', False)
    """
    if data[:2] == b"\x1f\x8b":
        data = _decompress(data)
    if len(data) > MAX_BYTES:
        raise FormatError(f"not read: a kernel configuration of {len(data)} bytes")
    # A leading line break lets `value` find the first option too.
    text = "\n" + data.decode("utf-8", "replace")
    if "\nCONFIG_" not in text:
        raise FormatError("not a kernel configuration: no option in it")
    header = _HEADER.search(text[:2000])
    return KernelConfig(
        release="" if header is None else header[1],
        text=text,
    )


def matches_release(config: KernelConfig, running: str) -> bool:
    r"""Whether a configuration belongs to the running kernel, according to its header.

    The header has the version without the build suffix, so "6.1.0" matches "6.1.0-18-amd64" but not "6.1.1".

    >>> config = parse(b"# Linux/x86_64 6.1.0 Kernel Configuration\nCONFIG_A=y\n")
    >>> matches_release(config, "6.1.0-18-amd64"), matches_release(config, "6.1.1")
    (True, False)
    """
    if not config.release or not running.startswith(config.release):
        return False
    return not running[len(config.release) : len(config.release) + 1].isdigit()


def _decompress(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(31)
    try:
        found = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise FormatError(f"corrupt gzip: {str(error).rpartition(': ')[2]}") from None
    if not unpacker.eof:
        raise FormatError("truncated gzip" if not unpacker.unconsumed_tail else "not read: too large")
    return found
