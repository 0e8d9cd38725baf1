"""Sockets of a network namespace: /proc/PID/net/tcp, udp and unix."""

from msgspec import Struct

from doctor.model.errors import FormatError


class Listener(Struct, frozen=True, kw_only=True):
    """A listening socket.

    Attributes:
        protocol: "tcp", "tcp6", "udp" or "udp6".
        address: "0.0.0.0", "::1".
        port: number.
        inode: of the socket, as /proc/PID/fd names it.
    """

    protocol: str
    address: str
    port: int
    inode: int


def parse_listeners(text: str, protocol: str) -> tuple[Listener, ...]:
    r"""The listening sockets of /proc/net/tcp, tcp6, udp or udp6: for udp those that are bound and not connected.

    Raises:
        FormatError: a line that the kernel doesn't write.

    >>> row = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1 0 100 0 0 10 0"
    >>> listener = parse_listeners("sl local_address\n" + row, "tcp")[0]
    >>> listener.address, listener.port, listener.inode
    ('127.0.0.1', 8080, 4711)
    """
    listening = "07" if protocol.startswith("udp") else "0A"
    found = []
    for number, line in enumerate(text.split("\n")[1:], start=2):
        fields = line.split(None, 10)
        if not fields or (len(fields) > 3 and fields[3] != listening):
            continue
        try:
            address, port = fields[1].split(":")
            found.append(
                Listener(
                    protocol=protocol,
                    address=ipv4(address) if len(address) == 8 else ipv6(address),
                    port=int(port, 16),
                    inode=int(fields[9]),
                ),
            )
        except (ValueError, IndexError):
            raise FormatError(f"not a line of /proc/net/{protocol}", where=f"line {number}") from None
    return tuple(found)


class Connection(Struct, frozen=True, kw_only=True):
    """An established connection of TCP: this host's address and port, the other end's, and the number of the socket."""

    address: str
    port: int
    peer: str
    peer_port: int
    inode: int


_MAPPED = "::ffff:"


def parse_connections(text: str) -> tuple[Connection, ...]:
    r"""The established connections of /proc/net/tcp or tcp6; a line that the kernel doesn't write is left out.

    >>> row = "1: 0100A8C0:0016 0200A8C0:C350 01 00000000:00000000 02:0 0 0 0 4712 2 0"
    >>> found = parse_connections("sl local_address\n" + row)[0]
    >>> found.address, found.port, found.peer, found.inode
    ('192.168.0.1', 22, '192.168.0.2', 4712)
    """
    found = []
    for line in text.split("\n")[1:]:
        fields = line.split(None, 10)
        if len(fields) < 10 or fields[3] != "01":
            continue
        try:
            (own, port), (other, other_port) = (part.split(":") for part in fields[1:3])
            decode = ipv4 if len(own) == 8 else ipv6
            found.append(
                Connection(
                    address=decode(own).removeprefix(_MAPPED),
                    port=int(port, 16),
                    peer=decode(other).removeprefix(_MAPPED),
                    peer_port=int(other_port, 16),
                    inode=int(fields[9]),
                )
            )
        except ValueError:
            continue
    return tuple(found)


def parse_unix_listeners(text: str) -> tuple[tuple[int, str], ...]:
    r"""Inode and path of each listening Unix socket of /proc/net/unix with an absolute path.

    The path is the one it was bound to: it remains after the file is removed.

    >>> row = "ffff0000: 00000002 00000000 00010000 0001 01 20467 /run/docker.sock"
    >>> parse_unix_listeners("Num RefCount Protocol Flags Type St Inode Path\n" + row)
    ((20467, '/run/docker.sock'),)
    """
    found = []
    for line in text.split("\n")[1:]:
        fields = line.split(None, 7)
        # Flag 00010000: accepting (net/unix/af_unix.c, unix_seq_show).
        if len(fields) == 8 and fields[3] == "00010000" and fields[6].isdigit() and fields[7].startswith("/"):
            found.append((int(fields[6]), fields[7]))
    return tuple(found)


def ipv4(text: str) -> str:
    """An IPv4 address from the kernel's eight digits.

    >>> ipv4("0200A8C0")
    '192.168.0.2'
    """
    return ".".join(str(byte) for byte in reversed(_bytes(text, 4)))


def ipv6(text: str) -> str:
    """An IPv6 address from the kernel's 32 digits (four words in host byte order), as RFC 5952 writes it.

    >>> ipv6("0000000000000000FFFF0000020011AC"), ipv6("000080FE00000000FF005450B6AD1DFE")
    ('::ffff:172.17.0.2', 'fe80::5054:ff:fe1d:adb6')
    """
    raw = _bytes(text, 16)
    data = b"".join(raw[start : start + 4][::-1] for start in range(0, 16, 4))
    if data[:12] == bytes(10) + b"\xff\xff":
        return "::ffff:" + ".".join(map(str, data[12:]))
    groups = [f"{data[at] << 8 | data[at + 1]:x}" for at in range(0, 16, 2)]
    # The longest run of two or more zero groups, the first of equals, becomes "::".
    runs = [(len(run), start) for start, run in _zero_runs(groups)]
    length, start = max(runs, key=lambda run: (run[0], -run[1]), default=(0, 0))
    if length < 2:
        return ":".join(groups)
    return ":".join(groups[:start]) + "::" + ":".join(groups[start + length :])


def _zero_runs(groups: list[str]) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    for at, group in enumerate(groups):
        if group == "0" and at and groups[at - 1] == "0":
            found[-1][1].append(group)
        elif group == "0":
            found.append((at, [group]))
    return found


def _bytes(text: str, length: int) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != length:
        msg = "wrong length"
        raise ValueError(msg)
    return data
