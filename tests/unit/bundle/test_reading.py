"""A bundle is judged as its host, never mixed with this machine, and its values may be anything."""

import random
import time
from contextlib import suppress

import msgspec
import pytest
from msgspec.structs import replace

from doctor.bundle import kept, limits
from doctor.bundle.form import parse
from doctor.bundle.host import BundleHost
from doctor.bundle.limits import bounded
from doctor.bundle.reading import HostBundle, judge
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.versions import Lifecycles
from doctor.facts.host.clock import HostClock
from doctor.model.errors import UsageError
from doctor.model.missing import HostError
from doctor.model.outcome import Result
from doctor.model.paths import HostPath
from tests.cases.bundle_kit import CATALOG, IDS, forged, of_case, opened, result, twisted
from tests.cases.case import find

CASE = "network/ip-forward-off/after-hardening-file"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bundle of a case with a finding."""
    return of_case(find(CASE), tmp_path_factory.mktemp("case") / "host")[1].raw


def without(raw: bytes, *names: str) -> HostBundle:
    """Return a bundle without these parts."""
    file = parse(raw, "/x")
    parts = [msgspec.to_builtins(one) for one in file.listed.parts if one.name not in names]
    file = replace(
        file, listed=replace(file.listed, parts=tuple(one for one in file.listed.parts if one.name not in names))
    )
    return opened(forged(file, parts=parts))


def test_nothing_of_this_machine_is_asked(small: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question to the host of a bundle is refused, and no check gets as far as one."""
    asked: list[object] = []
    monkeypatch.setattr("doctor.bundle.host._no", lambda *what: asked.append(what) or _refuse())
    judge(opened(small), CATALOG, IDS)
    assert asked == []
    with pytest.raises(HostError):
        BundleHost(opened(small).listed).read(HostPath("/etc/hostname"))
    assert asked == [("/etc/hostname",)]


def _refuse() -> None:
    from doctor.model.missing import Missing, Why

    raise HostError(Missing(Why.UNSUPPORTED, ""))


def test_its_time_is_that_of_the_host(small: bytes) -> None:
    bundle = opened(small)
    facts = judge(bundle, CATALOG, IDS).facts
    assert facts.host.now() == bundle.listed.taken == facts.get(HostClock).now


def test_tables_of_doctor_are_those_of_the_reader(small: bytes) -> None:
    """A newer doctor judges an old bundle with what it knows now."""
    bundle = opened(small)
    assert bundle.fact(Lifecycles) is None
    assert judge(bundle, CATALOG, IDS).facts.get(Lifecycles).engine


def test_a_fact_that_is_not_in_it_is_no_pass(small: bytes) -> None:
    """It is from a doctor whose checks did not ask for it."""
    found = judge(without(small, "doctor.facts.containers.containers.Containers"), CATALOG, IDS)
    lacking = [one for one in found.outcomes if "the bundle has no Containers" in one.reason]
    assert len(lacking) > 10
    assert all(one.incomplete and one.result is Result.ERROR for one in lacking)


def test_a_fact_of_another_form_is_no_pass(small: bytes) -> None:
    name = "doctor.facts.containers.containers.Containers"
    found = judge(opened(forged(parse(small, "/x"), {name: b"\x81\xa5items\x07"})), CATALOG, IDS)
    reasons = {one.reason for one in found.outcomes if one.incomplete}
    assert any(f"{name} of the bundle can't be read" in reason for reason in reasons)
    assert found.facts.get(Containers).why.value == "unreadable"


def test_without_the_report_it_is_refused(small: bytes) -> None:
    with pytest.raises(UsageError, match="it has no report"):
        judge(without(small, "report"), CATALOG, IDS)


def test_a_check_whose_result_is_the_host_s(small: bytes) -> None:
    """It replaces what the facts would give, findings and outcome."""
    file = parse(small, "/x")
    name = "doctor.facts.kernel.sysctl.Sysctl"
    broken = forged(file, {name: kept.encode(_nothing())[0]})
    assert "network/ip-forward-off" not in {one.id for one in judge(opened(broken), CATALOG, IDS).findings}
    claimed = forged(file, {name: kept.encode(_nothing())[0]}, from_host=["network/ip-forward-off"])
    assert "network/ip-forward-off" in {one.id for one in judge(opened(claimed), CATALOG, IDS).findings}


def _nothing() -> object:
    from doctor.facts.kernel.sysctl import Sysctl

    return Sysctl(values={})


def test_forged_values_are_errors_of_checks_only(small: bytes) -> None:
    """Valid for the types and senseless for a host: huge numbers, empty texts, markup, everything twice."""
    chance = random.Random(65)
    file = parse(small, "/x")
    sane = result(judge(opened(small), CATALOG, IDS))[1]
    for _ in range(12):
        contents = {
            one.name: msgspec.msgpack.encode(twisted(msgspec.msgpack.decode(bytes(file.contents[one.name])), chance))
            for one in file.listed.parts
            if "." in one.name and not one.missing
        }
        began = time.process_time()
        with bounded("/x", seconds=20):
            found = judge(opened(forged(file, contents)), CATALOG, IDS)
        assert time.process_time() - began < 10
        assert [one.id for one in found.outcomes] == [one.id for one in sane]


def _endless() -> None:
    while True:
        # As the boundary of a check.
        with suppress(Exception):
            sum(range(10_000_000))


def test_what_takes_too_long_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(UsageError, match=r"longer than 0\.2 seconds"), bounded("/x", seconds=0.2):
        _endless()
    assert time.monotonic() - began < 5


def test_a_late_signal_changes_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the next one is there before the error is made: it would go past all that handles errors, for ever."""

    def slow(problem: str, where: str) -> UsageError:
        time.sleep(0.3)
        return UsageError(problem, where=where, do="wait")

    monkeypatch.setattr(limits, "_refused", slow)
    with pytest.raises(UsageError, match="takes longer"), bounded("/x", seconds=0.05):
        _endless()
    time.sleep(0.2)


def test_what_needs_too_much_memory_is_ended() -> None:
    with pytest.raises(UsageError, match="more than 64 MiB of memory"), bounded("/x", memory=64 << 20):
        bytearray(1 << 30)
    assert len(bytearray(256 << 20)) == 256 << 20, "the limit is gone"


def test_a_reader_s_memory_is_bounded_for_many_small_values(small: bytes) -> None:
    """One byte of a bundle is up to 100 bytes in memory: 30 MB of empty containers are refused, not held."""
    empty = b"\x81\xa5items\xdd" + (30_000_000).to_bytes(4, "big") + b"\x80" * 30_000_000
    name = "doctor.facts.containers.containers.Containers"
    with bounded("/x", memory=512 << 20):
        found = judge(opened(forged(parse(small, "/x"), {name: empty})), CATALOG, IDS[:40])
    assert found.outcomes


def test_a_bundle_is_small(small: bytes) -> None:
    assert len(small) < 64 << 10
