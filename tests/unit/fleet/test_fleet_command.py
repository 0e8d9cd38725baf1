"""``doctor fleet`` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from doctor.bundle import form
from doctor.cli.commands.fleet import command as fleet
from doctor.cli.common import SharedOptions
from doctor.formats.host.machine_id import host_id
from doctor.model.errors import DoctorError, UsageError
from doctor.plugins.load import load
from tests.cases import bundle_kit
from tests.cases.case import all_cases
from tests.unit.fleet.fleet_kit import finding, report, write

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
NOW = 1_800_000_000.0


def words(*places: Path, **more: str) -> fleet.FleetWords:
    return fleet.FleetWords(places=tuple(map(str, places)), stale_after=more.pop("stale_after", "never"), **more)


def test_it_prints_and_returns_the_worst(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "r", report("a", finding("engine/down", "critical"), ago=10_000_000_000 - 8_300_000_000))
    assert fleet.run(words(folder), PLAIN) == 1
    assert "CRITICAL  1 of 1 host: engine/down on a" in capsys.readouterr().out
    assert fleet.run(words(tmp_path / "none"), PLAIN) == 3
    place = tmp_path / "page.html"
    assert fleet.run(words(folder, format="html", output=str(place)), PLAIN) == 1
    assert "<h1>1 host</h1>" in place.read_text()


def test_times() -> None:
    assert fleet.since("7d", NOW) == NOW - 7 * 86400
    assert fleet.since("12h", NOW) == NOW - 12 * 3600
    assert fleet.since("2027-01-01", NOW) == fleet.since("2027-01-01T01:00+01:00", NOW) == 1_798_761_600
    assert (fleet.stale_after("36h"), fleet.stale_after("never")) == (36 * 3600, None)


@pytest.mark.parametrize("text", ["yesterday", "7", "-7d", "7 days", "2027-13-01", "", "9999999d", "2031-01-01"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a time|is in the future"):
        fleet.since(text, NOW)


@pytest.mark.parametrize("text", ["0d", "soon", "", "-1d", "2"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        fleet.stale_after(text)


def test_mistakes_are_reported_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no report is named — .* 'doctor fleet reports/'"):
        fleet.run(words(), PLAIN)
    with pytest.raises(
        UsageError, match="format 'nagios' can't show many hosts — choose one of html, json, prometheus, text"
    ):
        fleet.run(words(tmp_path, format="nagios"), PLAIN)
    with pytest.raises(DoctorError, match=r"can't read the list of hosts .*/none: no such file"):
        fleet.run(words(tmp_path, expected=str(tmp_path / "none")), PLAIN)


def test_a_list_of_hosts_may_have_comments(tmp_path: Path) -> None:
    """The first word of a line, as in an inventory."""
    (tmp_path / "hosts").write_text("# all\n\na\nb ansible_user=root # old\n")
    assert fleet._expected(str(tmp_path / "hosts")) == ("a", "b")
    (tmp_path / "none").write_text("# nothing yet\n")
    with pytest.raises(UsageError, match=r"the list of hosts .* is empty"):
        fleet._expected(str(tmp_path / "none"))


def test_completion_offers_the_formats_that_can_show_it() -> None:
    catalog = load()
    able = [name for name in sorted(catalog.formats) if "fleet" in catalog.report_format(name).declaration.of]  # type: ignore[union-attr]
    done = subprocess.run(
        [Path(sys.executable).with_name("doctor"), "__complete", "fleet", "--format", ""],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert sorted(done.stdout.split()[:-1]) == able


def test_it_starts_without_what_it_does_not_need(tmp_path: Path) -> None:
    """No page, no database, no host."""
    folder = write(tmp_path / "r", report("a"))
    code = (
        "import sys\nfrom doctor.cli.entry import command\n"
        f"sys.argv = ['doctor', 'fleet', {str(folder)!r}]\ncommand()\nprint(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    loaded = set(done.stderr.split())
    assert not loaded & {
        "jinja2",
        "sqlite3",
        "pyroute2",
        "psutil",
        "ssl",
        "doctor.scan.run",
        "doctor.host.live",
    }


def test_a_bundle_counts_as_the_report_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside reports; one that is truncated is named."""
    case = next(one for one in all_cases() if one.name.startswith("config/invalid-json/"))
    _, taken = bundle_kit.of_case(case, tmp_path / "case")
    folder = write(tmp_path / "r", report("a"))
    (folder / "b.bundle").write_bytes(taken.raw)
    (folder / "c.bundle").write_bytes(taken.raw[: len(taken.raw) // 2])
    assert fleet.run(words(folder, format="json"), PLAIN) == 1
    found = json.loads(capsys.readouterr().out)
    assert "config/invalid-json" in {one["id"] for one in found["findings"]}
    assert found["summary"]["hosts"] == 2
    assert [one["path"] for one in found["unread"]] == [str(folder / "c.bundle")]
    assert found["unread"][0]["reason"].startswith("can't read the bundle")


@pytest.mark.not_in_one_file("allocator")
def test_a_bundle_costs_no_more_than_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes whose report unpacks to millions of empty notes are a file that can't be read."""
    case = next(one for one in all_cases() if one.name.startswith("config/invalid-json/"))
    file = form.parse(bundle_kit.of_case(case, tmp_path / "case")[1].raw, "x")
    made = msgspec.msgpack.decode(file.contents["report"])
    notes = b"\xdd" + (8_000_000).to_bytes(4) + b"\xa0" * 8_000_000
    raw = bundle_kit.forged(file, {"report": msgspec.msgpack.encode(made | {"notes": msgspec.Raw(notes)})})
    assert len(raw) < 100_000
    folder = write(tmp_path / "r", report("a"))
    (folder / "b.bundle").write_bytes(raw)
    monkeypatch.setattr(fleet, "_BUNDLE_BYTES", 48 << 20)
    assert fleet.run(words(folder, output=str(tmp_path / "out.json"), format="json"), PLAIN) == 3
    (unread,) = json.loads((tmp_path / "out.json").read_text())["unread"]
    assert unread["reason"] == "can't judge the bundle: judging it needs more than 48 MiB of memory"


def test_the_id_is_in_the_report_and_the_machine_id_is_not(tmp_path: Path) -> None:
    """Of a mounted disk as of a live host."""
    machine = "8f4a1c9d2b7e4f60a3d5e6f708192a3b"
    for path, text in (("etc/machine-id", f"{machine}\n"), ("etc/hostname", "web\n"), ("usr/lib/os-release", "")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    program = Path(sys.executable).with_name("doctor")
    argv = [program, "scan", "--root", str(tmp_path), "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert json.loads(done.stdout)["host"]["id"] == host_id(machine) != ""
    assert machine not in done.stdout + done.stderr
    # A disk that is not running has no boot.
    assert json.loads(done.stdout)["host"]["boot"] == ""
