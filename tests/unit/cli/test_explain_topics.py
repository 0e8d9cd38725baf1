"""``doctor explain`` of names and words that users know."""

import pytest

from doctor.cli.commands.explain import command as explain
from doctor.cli.common import SharedOptions
from doctor.model.errors import UsageError
from doctor.plugins.load import load
from doctor.plugins.messages import table, topics

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("rootless docker", "rootless"),
        ("run systemd in docker", "systemd in a container"),
        ("docker-in-docker", "dind"),
        ("docker commit error", "commit"),
        ("Docker Context", "docker context"),
        ("swarm", "Topics with these words:"),
    ],
)
def test_a_few_words_of_a_newcomer_find_their_topic(words: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Words that say nothing are passed over; several topics are listed."""
    assert explain.run(words, PLAIN, elsewhere=True) == 0
    assert capsys.readouterr().out.startswith(f"{first}\n")


def test_words_that_name_no_topic_are_unknown() -> None:
    """Nothing is guessed."""
    assert explain.run("no such thing here", PLAIN, elsewhere=True) == 3
    with pytest.raises(UsageError, match="unknown check"):
        explain.run("error", PLAIN, elsewhere=True)


def test_all_topics_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, with all its names."""
    assert explain.run("topics", PLAIN) == 0
    lines = capsys.readouterr().out.splitlines()
    named = [known for known in table(load()) if known.message.names]
    assert len(lines) == len(topics()) + len(named)
    assert "commit, docker commit" in lines
