"""The line for node-problem-detector: its code decides a condition, and it is never cut inside a character."""

import pytest
from doctor.reports import npd
from msgspec.structs import replace

from doctor.model.report import Report
from tests.unit.reports import samples


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (samples.HEALTHY, 0),
        (samples.CLEAR, 0),
        (replace(samples.CLEAR, findings=(samples.WAIVED,)), 0),
        (samples.BROKEN, 1),
        (replace(samples.INCOMPLETE, findings=(samples.FORWARD,)), 1),
        (samples.HIDDEN, 1),
        (samples.INCOMPLETE, 2),
        (samples.NOTHING_RAN, 2),
        (samples.NOT_ROOT, 2),
        (samples.PROBED, 1),
        (replace(samples.PROBED, probes=()), 2),
        (samples.PLAN, 2),
    ],
)
def test_the_code_is_0_only_for_what_a_scan_proved(report: Report, code: int) -> None:
    """node-problem-detector sets a condition to False for 0, True for 1, and Unknown for any other code."""
    assert npd.exit_code(report) == code
    assert npd.render(report).count(b"\n") == 1


def test_the_root_cause_comes_first() -> None:
    line = npd.render(samples.BROKEN).decode()
    assert line.startswith("5 problems found, the worst is critical; ")
    assert line.index("the network database is corrupt") < line.index("no container can be started")


@pytest.mark.parametrize("pad", range(8))
def test_a_long_line_is_cut_between_characters(pad: int) -> None:
    """By bytes, as node-problem-detector counts; its own cut would leave half a character."""
    finding = replace(samples.FORWARD, message="x" * pad + "größe€😀" * 200)
    raw = npd.render(replace(samples.BROKEN, findings=(finding,), probes=()))
    assert len(raw.rstrip()) <= npd.LONGEST_BYTES
    assert raw.decode("utf-8").endswith("...\n")


def test_two_scans_of_the_same_host_have_the_same_line() -> None:
    """A condition is reported again when its message changes: times and durations would do that each time."""
    later = replace(samples.BROKEN, started=samples.STARTED + 600, seconds=9.0)
    assert npd.render(later) == npd.render(samples.BROKEN)
