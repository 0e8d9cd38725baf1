"""Asks the kernel for the routes of packets, in the network namespaces where they are."""

import errno
from collections.abc import Iterable

from doctor.facts.path.routing import UNKNOWN, RouteAnswer, RouteQuestion
from doctor.formats.netlink import lookups
from doctor.host.rtnetlink.dump import ROUTE, Dumper
from doctor.host.rtnetlink.visit import Visit

_GET_ROUTE = 26
_LIMIT_S = 5.0


def ask(questions: Iterable[RouteQuestion]) -> tuple[RouteAnswer, ...]:
    """Return the answers, in the order of the questions; unknown where a namespace is gone or can't be entered."""
    wanted = tuple(questions)
    by_pid: dict[int, list[RouteQuestion]] = {}
    for question in wanted:
        by_pid.setdefault(question.pid, []).append(question)
    found: dict[RouteQuestion, RouteAnswer] = {}
    visit = Visit(lambda pid, _inode: found.update(_answers(by_pid[pid])), shares=False)
    visit.go(by_pid, _LIMIT_S)
    unknown = RouteAnswer(error=UNKNOWN)
    return tuple(found.get(question, unknown) for question in wanted)


def _answers(questions: list[RouteQuestion]) -> dict[RouteQuestion, RouteAnswer]:
    with Dumper(ROUTE) as socket:
        return {question: _answer(socket, question) for question in dict.fromkeys(questions)}


def _answer(socket: Dumper, question: RouteQuestion) -> RouteAnswer:
    try:
        return lookups.parse_answer(socket.ask(_GET_ROUTE, lookups.encode(question)))
    except OSError as error:
        # inet_pton has no error number: the address is invalid.
        return RouteAnswer(error=errno.errorcode.get(error.errno or 0, UNKNOWN))
