"""The recorded questions to a host are sufficient to know which answers a prediction may change."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.facts.path.namespace import BridgePort, NetLink, NetNamespace
from doctor.facts.path.routing import RouteAnswer, RouteQuestion
from doctor.host.base import CommandResult, Host, Process
from doctor.host.difference import Aliases, Difference, between
from doctor.host.noted import NotedHost, Notes, in_whole
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.model.step import Answer, File, KernelValue, Netlink, Put, Run, Step, Symlink
from doctor.proof.workers import look_at_all
from doctor.scan.noted import same
from tests.unit.repair.trees import PATHS, STEPS, build

P = HostPath
LINKS = ("/way", "/way/d", "/up/a", "/b", "/c/new/x", "/end", "/link-out/a")
ASKED = st.one_of(PATHS, st.sampled_from(["/", "/c", "/f", "/f/g", "/new/x", *LINKS]))
MORE: st.SearchStrategy[Step] = st.one_of(
    STEPS,
    st.builds(Put, path=st.just("/end"), node=st.builds(Symlink, target=st.sampled_from(["/new", "a", "/c/e"]))),
    st.builds(KernelValue, path=PATHS, value=st.sampled_from(["0", "1"])),
    st.builds(
        KernelValue,
        path=st.just("/proc/sys/net/ipv4/ip_forward"),
        value=st.sampled_from(["0", "1"]),
    ),
    st.builds(
        Netlink,
        do=st.sampled_from(
            [
                ("link", "set", {"dev": "v", "state": "down"}),
                ("link", "del", {"dev": "v"}),
                ("brport", "set", {"dev": "v", "isolated": 1}),
            ]
        ),
        inode=st.sampled_from([0, 5]),
    ),
    st.builds(
        Netlink,
        do=st.just(("link", "set", {})),
        predicts=st.lists(
            st.builds(
                Answer,
                ask=st.sampled_from([("ip",), ("GET", "/info"), ("GET", "*"), ("READ", "/a"), ("READ", "/f/g/h")]),
                stdout=st.sampled_from([b"", b"other"]),
                exit=st.sampled_from([0, 200]),
            ),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(Run, argv=st.just(("kill",)), ends=st.just((7,))),
)
QUESTIONS: dict[str, Callable[[Host, HostPath], object]] = {
    "read": lambda host, path: host.read(path),
    "read, no link": lambda host, path: host.read(path, follow=False),
    "locks": lambda host, _: host.read(P("/proc/locks")),
    "lstat": lambda host, path: host.lstat(path),
    "lstat, no link": lambda host, path: host.lstat(path, follow=False),
    "exists": lambda host, path: host.exists(path),
    "readlink": lambda host, path: host.readlink(path),
    "resolve": lambda host, path: host.resolve(path),
    "listdir": lambda host, path: host.listdir(path),
    "scandir": lambda host, path: sorted(host.scandir(path, follow=False)),
    "xattrs": lambda host, path: host.xattrs(path),
    "birth": lambda host, path: host.birth(path),
    "held": lambda host, path: host.held(path, (".", "d", "new")),
    "flags": lambda host, path: host.flags(path),
    "whole": lambda host, path: _all_in(in_whole(host, path), path),
    "run": lambda host, _: host.run(("ip",)),
    "engine": lambda host, _: host.engine("/info"),
    "processes": lambda host, _: host.processes(),
    "environ": lambda host, _: host.environ(7),
    "namespaces": lambda host, _: host.net_namespaces([0, 7], ("net.ipv4.ip_forward",)),
    "settings": lambda host, _: host.net_settings([0, 7], ("net.ipv4.ip_forward",)),
    "routes": lambda host, _: host.routes([ROUTE]),
}


ROUTE = RouteQuestion(destination="192.0.2.1")


def _all_in(host: Host, top: HostPath) -> object:
    """Everything beneath a directory."""
    found: dict[str, object] = {}
    for name, kind in sorted(host.scandir(top, follow=False)):
        path = P(f"{top.rstrip('/')}/{name}")
        found[name] = _all_in(host, path) if kind == "d" else host.lstat(path, follow=False)
    return found


def answer(ask: Callable[[Host, HostPath], object], host: Host, path: HostPath) -> object:
    """Return the answer to a question, including a refusal."""
    try:
        return ask(host, path)
    except HostError as error:
        return error.missing


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> RootHost:
    """A small tree with links in it, an engine, a command and two processes."""
    top = tmp_path_factory.mktemp("host")
    build(top)
    for name, target in (("way", "c"), ("up", "."), ("end", "way/e")):
        (top / name).symlink_to(target)
    (top / "proc").mkdir()
    (top / "proc/locks").write_text("1: FLOCK  ADVISORY  WRITE 7 fd:00:1 0 EOF\n")
    process = {"ppid": 1, "start_ticks": 1, "state": "S", "comm": "x", "exe": "/x", "argv": ("x",)}
    return RootHost(
        str(top),
        RecordedAnswers(
            live=True,
            now=1.0,
            commands={("ip",): CommandResult(0, b"real", b"")},
            networks={
                pid: NetNamespace(
                    pid=pid,
                    inode=5,
                    links=(NetLink(index=2, name="v", port=BridgePort()),),
                    sysctls={"net.ipv4.ip_forward": "1"},
                )
                for pid in (0, 7)
            },
            routes={ROUTE: RouteAnswer(link=2)},
            processes=tuple(Process(pid=pid, **process) for pid in (7, 8)),  # type: ignore[arg-type]
        ),
    )


def predicted(base: Host, steps: list[Step]) -> OverlayHost:
    """The host after these steps."""
    overlay = OverlayHost(base)
    for step in steps:
        overlay.apply(step)
    return overlay


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    common=st.lists(MORE, max_size=3),
    old=st.lists(MORE, max_size=2),
    new=st.lists(MORE, max_size=2),
    paths=st.lists(ASKED, min_size=1, max_size=3, unique=True),
)
def test_an_answer_that_changes_is_seen(
    base: RootHost, common: list[Step], old: list[Step], new: list[Step], paths: list[str]
) -> None:
    """For any two predictions and any question: notes that the difference doesn't touch mean equal answers."""
    before: Host = predicted(base, [*common, *old]) if common or old else base
    after = predicted(base, [*common, *new])
    difference = between(before, after, Aliases(base))
    assert difference is not None
    for path in map(P, paths):
        for name, ask in QUESTIONS.items():
            noted = NotedHost(before)
            was = answer(ask, noted, path)
            if not difference.touches(noted.notes):
                assert was == answer(ask, after, path), (name, path)


def test_what_a_predicted_link_leads_to_is_seen(base: RootHost) -> None:
    """The link is in both predictions, and what it leads to in one of them."""
    link = Put(path="/end", node=Symlink(target="/new"))
    before = predicted(base, [link])
    after = predicted(base, [link, Put(path="/new", node=File(content=b"made"))])
    difference = between(before, after, Aliases(base))
    assert difference is not None
    noted = NotedHost(before)
    assert isinstance(answer(QUESTIONS["read"], noted, P("/end")), Missing)
    assert after.read(P("/end")) == b"made"
    assert difference.touches(noted.notes)


def test_a_predicted_link_that_a_link_of_the_host_leads_to_is_seen(base: RootHost) -> None:
    """The directory is listed by way of a link of the host, then of a predicted one."""
    link = Put(path="/a", node=Symlink(target="../.."))
    before = predicted(base, [link])
    after = predicted(base, [link, KernelValue(path="/new", value="0")])
    difference = between(before, after, Aliases(base))
    assert difference is not None
    noted = NotedHost(before)
    assert answer(QUESTIONS["listdir"], noted, P("/link-out/a")) != answer(
        QUESTIONS["listdir"], after, P("/link-out/a")
    )
    assert difference.touches(noted.notes)


def test_what_no_step_touches_is_kept(base: RootHost) -> None:
    """Else nothing would be won."""
    difference = between(base, predicted(base, [Put(path="/c/new", node=File(content=b""))]), Aliases(base))
    assert difference is not None
    touched = set()
    for name, ask in QUESTIONS.items():
        for path in ("/a", "/c", "/c/d", "/c/new", "/way/new", "/f"):
            noted = NotedHost(base)
            answer(ask, noted, P(path))
            if difference.touches(noted.notes):
                touched.add((name, path))
    assert {path for _, path in touched} == {"/c", "/c/new", "/way/new"}
    assert {name for name, path in touched if path == "/c"} == {"listdir", "scandir", "held", "whole"}


def test_every_question_leaves_a_note() -> None:
    """A host that is asked something new must note it: but for what no prediction changes, and the clock, which stands still."""
    questions = {name for name, _ in inspect.getmembers(Host, inspect.isfunction) if not name.startswith("_")}
    assert questions <= set(vars(NotedHost))

    class Anything:
        kind = name = root = last_read = ""

        def __getattr__(self, _name: str) -> Callable[..., None]:
            return lambda *_given, **_named: None

    for name in sorted(questions - {"is_live", "now"}):
        noted = NotedHost(Anything())  # type: ignore[arg-type]
        needed = [
            one for one in inspect.signature(getattr(noted, name)).parameters.values() if one.default is one.empty
        ]
        getattr(noted, name)(*(("/path",) * len(needed)))
        assert any(getattr(noted.notes, kind) for kind in Notes.__slots__), name


def test_a_process_that_ends_changes_what_was_asked_of_processes(base: RootHost) -> None:
    """The list, the environments and the locks that they hold."""
    difference = Difference(processes=True, aliases=Aliases(base))
    for name in ("processes", "environ", "locks"):
        noted = NotedHost(base)
        answer(QUESTIONS[name], noted, P("/"))
        assert difference.touches(noted.notes), name


def test_no_other_process_asks_unnoted(base: RootHost) -> None:
    """Its notes would be lost; with the whole tree noted it may ask."""
    noted = NotedHost(base)
    with pytest.raises(TypeError):
        list(look_at_all(noted, []))
    assert list(look_at_all(in_whole(noted, P("/c")), [])) == []
    assert noted.notes.trees == {"/c"}


def test_predictions_over_other_hosts_are_not_compared(base: RootHost, tmp_path: Path) -> None:
    """Nothing can be kept from a look at another host."""
    other = RootHost(str(tmp_path))
    assert between(base, OverlayHost(other), Aliases(base)) is None
    assert between(OverlayHost(base), OverlayHost(other), Aliases(base)) is None


def test_only_what_can_not_be_distinguished_is_the_same() -> None:
    """In JSON, true is not 1, and findings come in the order of a dictionary."""
    gone = Missing.undecodable("/a", "cut")
    assert same(gone, Missing.undecodable("/a", "cut"))
    assert same({"a": (1, [b"x"])}, {"a": (1, [b"x"])})
    for one, other in (
        (True, 1),
        (1, 1.0),
        ({"a": 1}, {"a": True}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((1,), [1]),
        (gone, Missing.undecodable("/b", "cut")),
        (object(), object()),
    ):
        assert not same(one, other)
