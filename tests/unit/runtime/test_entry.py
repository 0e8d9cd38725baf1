"""The last program before the image's own."""

import struct

import pytest

from doctor.runtime.process import entry


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_entry_program_is_one_small_executable_segment(machine: str) -> None:
    text = entry.program(machine)
    assert text[:7] == b"\x7fELF\x02\x01\x01"
    kind, number = struct.unpack_from("<HH", text, 16)
    start, headers = struct.unpack_from("<QQ", text, 24)
    flags, file_size = struct.unpack_from("<I", text, headers + 4)[0], struct.unpack_from("<Q", text, headers + 32)[0]
    assert (kind, number) == (2, {"x86_64": 62, "aarch64": 183}[machine])
    assert flags == 5  # readable and executable, never writable
    assert file_size == len(text)
    assert start == 0x400000 + headers + 56
