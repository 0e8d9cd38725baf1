"""A bundle stays within its limits, and has the findings of its host even if facts are left out of it."""

from pathlib import Path

import pytest

from doctor.bundle import take
from doctor.bundle.form import parse
from doctor.bundle.reading import HostBundle, judge
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.path.rule_lists import PathFirewalls
from doctor.model.errors import UsageError
from tests.cases.bundle_kit import CATALOG, IDS, of_case, opened, result, scanned, taken
from tests.cases.case import find

BROKEN = "network/ip-forward-off/after-hardening-file"


def test_a_fact_that_is_too_large_is_left_out_and_its_checks_have_the_host_s_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No finding is lost, and none is guessed."""
    monkeypatch.setattr(take, "LARGEST_PART", 300)
    found, bundle = of_case(find(BROKEN), tmp_path / "host")
    large = [one for one in bundle.listed.parts if "too large for a bundle" in one.missing]
    assert large
    assert len(bundle.listed.from_host) > 10
    assert result(judge(opened(bundle.raw), CATALOG, IDS)) == result(found)


def test_if_all_facts_together_are_too_large_the_later_ones_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take, "_LARGEST_FACTS", 2000)
    found, bundle = of_case(find(BROKEN), tmp_path / "host")
    assert (
        sum(one.bytes for one in bundle.listed.parts if "." in one.name and not one.missing) < 2000 + take.LARGEST_PART
    )
    assert result(judge(opened(bundle.raw), CATALOG, IDS)) == result(found)


def test_what_no_reader_would_accept_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = find(BROKEN).build(tmp_path / "host")
    found = scanned(host)
    monkeypatch.setattr("doctor.bundle.form.LARGEST_FILE", 1000)
    with pytest.raises(UsageError, match="larger than"):
        taken(host, found)


def test_facts_that_follow_from_others_are_left_out(tmp_path: Path) -> None:
    """A reader makes them again; rules in a form without complete types are not among them, the paths are."""
    _, bundle = of_case(find("state/container-dir-stray/not-utf-8"), tmp_path / "host")
    names = {one.name for one in bundle.listed.parts}
    assert "doctor.facts.layers.records.Layers" in names
    assert "doctor.facts.layers.graph.LayerGraph" not in names
    facts = judge(HostBundle("/x", parse(bundle.raw, "/x")), CATALOG, IDS).facts
    assert isinstance(facts.get(LayerGraph), LayerGraph)
    assert not isinstance(facts.get(PathFirewalls), PathFirewalls)


def test_a_bundle_of_a_bundle_is_the_same(tmp_path: Path) -> None:
    """Masking twice changes nothing: what is masked stays so, and nothing more is."""
    _, bundle = of_case(find(BROKEN), tmp_path / "host")
    once = judge(opened(bundle.raw), CATALOG, IDS)
    again = taken(once.facts.host, once)
    assert again.listed.from_host == ()
    assert result(judge(opened(again.raw), CATALOG, IDS)) == result(once)
    assert sum(one.masked for one in again.listed.parts) == 0
