"""The id of a host: what systemd computes, and nothing from which the machine id follows."""

import hmac

import pytest

from doctor.formats.host.machine_id import host_id

MACHINE = "8f4a1c9d2b7e4f60a3d5e6f708192a3b"


def test_it_is_what_systemd_computes() -> None:
    """Printed by ``systemd-id128 machine-id -a 8cd7910c45304be290da9df1612bd094`` on a host with this machine id."""
    whole = hmac.digest(bytes.fromhex(MACHINE), bytes.fromhex("8cd7910c45304be290da9df1612bd094"), "sha256").hex()
    assert host_id(MACHINE) == f"{whole[:12]}4{whole[13:16]}{'89ab'[int(whole[16], 16) & 3]}{whole[17:32]}"
    assert MACHINE[:8] not in host_id(MACHINE)


@pytest.mark.parametrize("text", [f"{MACHINE}\n", MACHINE.upper(), "8f4a1c9d-2b7e-4f60-a3d5-e6f708192a3b"])
def test_spellings_of_one_id(text: str) -> None:
    assert host_id(text) == host_id(MACHINE)


@pytest.mark.parametrize(
    "text", ["", "\n", "uninitialized\n", "0" * 32, MACHINE[:-1], MACHINE + "0", "\0" * 32, "é" * 32]
)
def test_no_machine_id_is_no_id(text: str) -> None:
    """Two hosts without one must not become one host."""
    assert host_id(text) == ""
