"""Resolves one name with every name server at once, so that a difference between them is seen."""

import os
import select
import socket
import time

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.builtins import dns

_AGAIN_S = 0.5
_LIMIT_S = 1.2
_TYPES = ("A", "AAAA")
_MOST_ADDRESSES = 6
_SERVER_BYTES = 4096
_NOT_A_NAME = 22


class NameQuery:
    """A name asked of one server, for both families."""

    def __init__(self, name: str, server: str) -> None:
        self.name, self.server = name, server
        self.codes: dict[str, int] = {}
        self.addresses: list[str] = []
        self.errno: int | None = None
        self._asked: dict[int, tuple[str, bytes]] = {}
        self.socket: socket.socket | None = None
        first = int.from_bytes(os.urandom(2), "big")
        plain, _, zone = server.partition("%")
        try:
            for number, kind in enumerate(_TYPES):
                # Two random identities could be equal.
                self._asked[first ^ number] = (kind, dns.query(name, kind, first ^ number))
            self.socket = socket.socket(socket.AF_INET6 if ":" in plain else socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.setblocking(False)
            place = (plain, 53, 0, socket.if_nametoindex(zone)) if zone else (plain, 53)
            self.socket.connect(place)
        except OSError as error:
            self.errno = error.errno
        except LaunchError:
            self.errno = _NOT_A_NAME

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self.errno is not None or len(self.codes) == len(_TYPES)

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()

    def ask(self) -> None:
        """Send the queries that have no answer."""
        try:
            for kind, message in self._asked.values():
                if self.socket is not None and kind not in self.codes and self.errno is None:
                    self.socket.send(message)
        except OSError as error:
            self.errno = error.errno

    def look(self) -> None:
        """Read an answer."""
        if self.socket is None:
            return
        try:
            answer = self.socket.recv(_SERVER_BYTES)
            asked = self._asked.get(int.from_bytes(answer[:2], "big")) if len(answer) >= 12 else None
            if asked is None:
                return
            code, records = dns.records(answer)
        except BlockingIOError:
            return
        except OSError as error:
            self.errno = error.errno
            return
        except LaunchError:
            self.errno = 74
            return
        self.codes[asked[0]] = code
        found = [str(record["value"]) for record in records if record["type"] == asked[0]]
        self.addresses = [*found, *self.addresses] if asked[0] == "A" else [*self.addresses, *found]

    @property
    def word(self) -> str:
        """The server's answer: an answer's code as a word, ``ok``, or ``silent``."""
        if self.addresses:
            return "ok"
        if not self.codes:
            return {None: "silent", 111: "refused", 74: "garbage", _NOT_A_NAME: "not a name"}.get(
                self.errno, f"errno {self.errno}"
            )
        code = max(self.codes.values())
        return {0: "empty", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}.get(code, f"code {code}")


def resolved(names: list[str], servers: list[str], deadline: float) -> tuple[list[str], dict[str, str], str]:
    """Ask all servers for all spellings of a name (with and without search domains).

    Returns the addresses that the engine would use, what each server said of the best spelling, and that spelling. The
    engine asks in order: an answer that the name does not exist ends it, a failure leads to the next server.
    """
    end = min(deadline, time.monotonic() + _LIMIT_S)
    questions = [NameQuery(name, server) for name in names for server in servers]
    try:
        _wait(questions, end)
    finally:
        for one in questions:
            one.close()
    said: dict[str, str] = {}
    for name in names:
        mine = [one for one in questions if one.name == name]
        said = said or {one.server: one.word for one in mine}
        for one in mine:
            if one.addresses:
                return one.addresses[:_MOST_ADDRESSES], {each.server: each.word for each in mine}, name
            if one.word in {"NXDOMAIN", "empty"}:
                break
    return [], said, names[0]


def _wait(questions: list[NameQuery], end: float) -> None:
    again = time.monotonic() + _AGAIN_S
    for one in questions:
        one.ask()
    while waiting := {one.socket.fileno(): one for one in questions if one.socket is not None and not one.is_done}:
        now = time.monotonic()
        if now >= end:
            return
        if now >= again:
            again = end + 1
            for one in waiting.values():
                one.ask()
        poll = select.poll()
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(max(1.0, (min(again, end) - now) * 1000)):
            waiting[descriptor].look()
