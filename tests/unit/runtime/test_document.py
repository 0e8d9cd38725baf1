"""JSON without the package `json`: the same values and the same text, and a batch does not load the package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime.base.document import parsed, written
from doctor.runtime.base.frozen import LaunchError

MAIN = Path(__file__).resolve().parents[3] / "doctor" / "runtime" / "__main__.py"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4))
COUNTED = """
import sys
sys.argv = ["doctor-runtime", "batch"]
from doctor.runtime import batch
batch.run(b'{"containers": []}')
print(*sorted(name for name in ("json", "re", "enum", "os", "contextlib", "_socket") if name in sys.modules))
"""


@given(VALUES)
def test_values_are_written_and_read_as_the_package_does(value: object) -> None:
    assert written(value) == json.dumps(value)
    assert parsed(written(value)) == value


@pytest.mark.parametrize("text", ["", "{", "[1] 2", "[NaN]", '{"a": 1, "a": 2}', "[" * 100_000])
def test_a_text_that_is_not_meant_is_refused(text: str) -> None:
    with pytest.raises(LaunchError):
        parsed(text)


def test_what_has_no_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError, match="bytes"):
        written([b"x"])


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="needs Linux")
def test_a_batch_loads_none_of_the_dear_packages() -> None:
    script = f"import sys; sys.path.append({str(MAIN.parents[2])!r}){COUNTED}"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-E", "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []
