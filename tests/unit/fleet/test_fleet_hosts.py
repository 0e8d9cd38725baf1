"""Which reports are of one host: names collide, hosts are cloned and renamed, clocks are wrong."""

from pathlib import Path

import pytest

from doctor.fleet.merge import natural
from doctor.model.verdict import VerdictState
from tests.unit.fleet.fleet_kit import DAY, HOUR, finding, healthy, merged, report, write

ONE, OTHER = "1" * 32, "2" * 32
WRONG = finding("engine/shim-missing", "critical")


def test_of_several_reports_the_newest_counts(tmp_path: Path) -> None:
    """In whatever order they are read."""
    write(tmp_path, report("a", ago=HOUR), report("a", WRONG, ago=DAY), report("a", ago=2 * DAY))
    found = merged(tmp_path)
    assert [(host.title, host.state, host.reports) for host in found.hosts] == [("a", VerdictState.CLEAR, 3)]
    assert found.read == 3


def test_hosts_of_one_name_are_distinguished_by_their_ids(tmp_path: Path) -> None:
    write(tmp_path, report("web", WRONG, host={"id": ONE}, ago=DAY), report("web", host={"id": OTHER}))
    found = merged(tmp_path)
    assert [host.title for host in found.hosts] == ["web (id 11111111)", "web (id 22222222)"]
    assert found.findings[0].hosts == ("web (id 11111111)",)
    assert "2 hosts have the name web: the id distinguishes them" in found.notes


def test_reports_from_before_the_id_belong_to_the_only_host_of_the_name(tmp_path: Path) -> None:
    write(tmp_path, report("web", WRONG, ago=DAY), report("web", host={"id": ONE}))
    (host,) = merged(tmp_path).hosts
    assert (host.title, host.id, host.reports, host.state) == ("web", ONE, 2, VerdictState.CLEAR)


def test_a_report_without_id_is_not_given_to_one_of_two_hosts(tmp_path: Path) -> None:
    write(tmp_path, report("web", host={"id": ONE}), report("web", host={"id": OTHER}), report("web", WRONG, ago=DAY))
    assert [host.title for host in merged(tmp_path).hosts] == [
        "web (id unknown)",
        "web (id 11111111)",
        "web (id 22222222)",
    ]


def test_clones_stay_two_hosts_and_are_named(tmp_path: Path) -> None:
    write(tmp_path, report("a", host={"id": ONE}), report("b", WRONG, host={"id": ONE}))
    found = merged(tmp_path)
    assert len(found.hosts) == 2
    assert "a, b have one id (11111111): clones with one machine id, or one host that was renamed" in found.notes


def test_one_report_in_two_files_is_one(tmp_path: Path) -> None:
    """And nothing spreads from a host to itself; of two of the same second the worse counts."""
    same = [report("a", WRONG), report("a", WRONG), report("a")]
    for name, order in (("x", same), ("y", same[::-1])):
        write(tmp_path / name, *order)
        found = merged(tmp_path / name)
        assert (len(found.hosts), found.hosts[0].state, found.findings[0].now) == (1, VerdictState.PROBLEMS, 0)


def test_a_name_that_looks_like_two_is_quoted(tmp_path: Path) -> None:
    write(tmp_path, report("a, b"), report("c"))
    assert [host.title for host in merged(tmp_path).hosts] == ['"a, b"', "c"]


def test_a_scan_of_one_check_does_not_replace_a_whole_one(tmp_path: Path) -> None:
    """It adds its problems."""
    few = {"verdict": {"ran": 2, "state": "clear", "problems": 0}}
    write(tmp_path / "x", report("a", WRONG, ago=DAY), report("a", ago=HOUR, **few))
    assert merged(tmp_path / "x").hosts[0].state is VerdictState.PROBLEMS
    other = report("a", WRONG, ago=HOUR, verdict={"ran": 2})
    write(tmp_path / "y", report("a", ago=DAY), other)
    found = merged(tmp_path / "y")
    assert (found.hosts[0].state, found.findings[0].hosts) == (VerdictState.PROBLEMS, ("a",))
    assert "the newest report of 1 host is of a few checks (--select): the last whole one counts, too" in found.notes


def test_a_report_from_the_future_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, healthy("a", ago=-100 * DAY), report("a", WRONG))
    (host,) = merged(tmp_path).hosts
    assert host.state is VerdictState.PROBLEMS
    assert host.doubts == (
        "a report of it is of 2027-04-25 08:00 UTC, which is later than this clock: remove it if that is wrong",
    )


def test_what_a_display_filter_hid_still_counts(tmp_path: Path) -> None:
    """A report of ``--since-last`` lists the new findings alone; its verdict is about all."""
    hidden = report("a", verdict={"state": "problems", "problems": 1, "worst": "critical"}, summary={"hidden": 1})
    write(tmp_path, hidden)
    found = merged(tmp_path)
    assert found.exit_code == 1
    assert any("list only what changed (--since-last)" in note for note in found.notes)


def test_names_are_ordered_as_people_do() -> None:
    assert sorted(["web10", "web9", "Web1", "db", "9", "²"], key=natural) == ["9", "Web1", "db", "web9", "web10", "²"]


def test_a_supposed_upgrade_is_not_the_host(tmp_path: Path) -> None:
    write(tmp_path, report("a"), report("a", WRONG, ago=0, for_engine="29"))
    found = merged(tmp_path)
    assert found.hosts[0].state is VerdictState.CLEAR
    assert found.unread[0][1] == "it is about a supposed upgrade (--for-engine), not about the host as it is"


def only(*ids: str, ran: int = 2) -> dict[str, object]:
    """The changes that make a report one of these checks."""
    outcomes = [{"id": one, "outcome": "pass", "reason": "", "seconds": 0.0, "incomplete": False} for one in ids]
    return {"outcomes": outcomes, "verdict": {"ran": ran}}


@pytest.mark.parametrize("order", [1, -1])
def test_a_scan_of_other_checks_hides_no_problem(tmp_path: Path, order: int) -> None:
    """Of several questions each has its newest answer, as many checks as each ran."""
    whole, engine = report("a", ago=DAY), report("a", WRONG, ago=3 * HOUR, **only(WRONG["id"]))
    other = report("a", ago=HOUR, **only("a/one"))
    write(tmp_path / "x", *[whole, engine, other][::order])
    (host,) = merged(tmp_path / "x").hosts
    assert (host.state, host.problems) == (VerdictState.PROBLEMS, 1)
    assert [one.id for one in host.findings] == ["engine/shim-missing"]
    again = report("a", ago=2 * HOUR, **only(WRONG["id"]))
    write(tmp_path / "y", *[whole, engine, again, other][::order])
    assert merged(tmp_path / "y").hosts[0].state is VerdictState.CLEAR
    write(tmp_path / "z", *[report("a", ago=HOUR / 2), engine, other][::order])
    assert merged(tmp_path / "z").hosts[0].state is VerdictState.CLEAR


@pytest.mark.parametrize("order", [1, -1])
def test_a_skipped_check_is_not_repaired(tmp_path: Path, order: int) -> None:
    """Its last finding is a doubt, until it runs again or the report of it is stale."""
    skipped = [report("a", ago=ago, **only("a/one", ran=388)) for ago in (HOUR, 2 * HOUR)]
    write(tmp_path / "x", *[report("a", WRONG, ago=3 * HOUR), *skipped][::order])
    (host,) = merged(tmp_path / "x").hosts
    assert host.state is VerdictState.INCOMPLETE
    assert host.doubts[0].endswith("did not run since: engine/shim-missing")
    write(tmp_path / "x", report("a", ago=HOUR / 2, **only(WRONG["id"])))
    assert merged(tmp_path / "x").hosts[0].state is VerdictState.CLEAR
    write(tmp_path / "y", *[report("a", WRONG, ago=3 * DAY), *skipped][::order])
    assert merged(tmp_path / "y").hosts[0].state is VerdictState.CLEAR


def test_a_host_without_id_is_not_another_one_of_its_name(tmp_path: Path) -> None:
    """Both report, so it did not get an id between."""
    write(tmp_path, report("web", WRONG, ago=2 * HOUR), report("web", host={"id": ONE}, ago=DAY))
    write(tmp_path, report("web", host={"id": ONE}))
    found = merged(tmp_path)
    assert [host.title for host in found.hosts] == ["web (id unknown)", "web (id 11111111)"]
    assert found.verdict.state is VerdictState.PROBLEMS
    assert "2 hosts have the name web: the id distinguishes them" in found.notes


def test_copies_of_two_data_roots_are_two_hosts(tmp_path: Path) -> None:
    """A report of one has the name of its directory only."""
    one, other = ({"root": f"/backup/{name}/docker"} for name in ("web1", "web2"))
    write(tmp_path, report("docker", WRONG, host=one, ago=DAY), report("docker", host=other))
    found = merged(tmp_path)
    assert [host.title for host in found.hosts] == ['"/backup/web1/docker"', '"/backup/web2/docker"']
    assert found.verdict.state is VerdictState.PROBLEMS
