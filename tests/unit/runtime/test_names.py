"""A name that is asked of every name server at once: one that can't be asked must not end the talk with other registries."""

import os
import socket
import threading
import time

import pytest

from doctor.runtime.builtins import names

LONG = f"{'x' * 70}.example"
"""Docker accepts such a registry in an image's name, DNS does not."""


def test_what_is_no_name_of_dns_is_not_asked() -> None:
    """A search domain can make it one, too."""
    found = names.resolved([LONG, "registry..example"], ["127.0.0.1"], time.monotonic() + 1)
    assert found == ([], {"127.0.0.1": "not a name"}, LONG)


def test_a_server_of_a_family_that_the_kernel_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ipv6.disable=1 there are no sockets of IPv6; the other servers are asked."""
    made = socket.socket

    def refuse(family: int, *given: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "address family not supported")
        return made(family, *given)

    monkeypatch.setattr(socket, "socket", refuse)
    end = time.monotonic() + 0.2
    assert names.resolved(["a.example"], ["2001:db8::53", "127.9.9.9"], end)[1] == {
        "2001:db8::53": "errno 97",
        "127.9.9.9": "refused",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="port 53 needs root")
def test_both_families_are_asked_with_every_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal identities would lose the query for IPv4."""
    monkeypatch.setattr("os.urandom", lambda size: b"\xff" * size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.9.9.8", 53))
        server.settimeout(3)
        said: set[bytes] = set()

        def serve() -> None:
            for _ in range(2):
                query, client = server.recvfrom(512)
                said.add(query[-4:-2])
                server.sendto(query[:2] + b"\x81\x83" + query[4:], client)

        thread = threading.Thread(target=serve)
        thread.start()
        found = names.resolved(["a.example"], ["127.9.9.8"], time.monotonic() + 3)
        thread.join()
    assert (found[1], said) == ({"127.9.9.8": "NXDOMAIN"}, {b"\0\x01", b"\0\x1c"})
