"""Go's own decoder says the same as we do of valid and of broken JSON, word for word."""

import base64
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.formats import json_safe
from doctor.formats.config import go_json
from doctor.model.errors import FormatError

SEED = 20240611
SAMPLE = '{"debug": true, "log-opts": {"max-size": "10m", "x": [1, -2.5e+3, 0, null, false]}, "é": "a\\u00e9\\n\\\\"}'


@pytest.fixture(scope="module")
def program(build_go: Callable[[str], Path]) -> Path:
    return build_go("json")


def examples() -> list[str]:
    """Valid, cut, garbled and random texts, the same on every run."""
    chance = random.Random(SEED)
    alphabet = "{}[]\",:/*#' \n\\atrue1-.eE\x00\u201c\u00a0falsn0u9\t+"
    found = [SAMPLE[:end] for end in range(len(SAMPLE) + 1)]
    for _ in range(4000):
        at, length = chance.randrange(len(SAMPLE)), chance.randrange(4)
        middle = "".join(chance.choices(alphabet, k=chance.randrange(3)))
        found.append(SAMPLE[:at] + middle + SAMPLE[at + length :])
        found.append("".join(chance.choices(alphabet, k=chance.randrange(12))))
    return found


@pytest.mark.timeout(300)
def test_errors_have_the_words_and_places_of_go(program: Path) -> None:
    texts = examples()
    asked = b"".join(base64.b64encode(text.encode()) + b"\n" for text in texts)
    answers = subprocess.run([program], input=asked, capture_output=True, timeout=60, check=True).stdout.decode()
    broken = 0
    for text, answer in zip(texts, answers.splitlines(), strict=True):
        found = go_json.first_error(text)
        verdict, _, words = answer.partition(" ")
        if verdict == "ok":
            assert found is None, (SEED, text)
            assert json_safe.load(text.encode()) == json.loads(base64.b64decode(words)), (SEED, text)
            continue
        broken += 1
        assert found is not None, (SEED, text)
        offset, message = found
        assert message == words, (SEED, text)
        # Go counts the bytes read, the one complained about included; at the end no byte is left.
        wanted = len(text[:offset].encode()) + (offset < len(text))
        assert int(verdict) == wanted, (SEED, text)
        with pytest.raises(FormatError):
            json_safe.load(text.encode())
    assert broken > 3000
