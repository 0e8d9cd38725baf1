"""Keys and values of daemon.json: the judgements hold for whatever a file may contain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.config import keys as daemon_keys
from doctor.facts.config.bad_values import bad_values
from doctor.facts.config.engine import EffectiveSetting, EngineConfig
from doctor.facts.config.flag_values import concealed_flag, from_flags, joined
from doctor.facts.config.options import FLAGS_WITHOUT_KEY, OPTIONS, is_known
from doctor.facts.config.values import NamedThings
from doctor.facts.logging import drivers as logging
from doctor.facts.network.links import Links
from doctor.facts.secrets.redact import conceal
from doctor.formats.config import flags

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NO_LINKS = Links(links=(), routes=())
KEYS = st.sampled_from([*OPTIONS, *FLAGS_WITHOUT_KEY, "Debug", "log_driver", "foo"]) | st.text(max_size=12)
RELEASES = st.sampled_from([None, (19, 3, 15), (20, 10, 24), (23, 0, 6), (26, 1, 5), (28, 5, 2), (29, 0, 1)])


@given(st.dictionaries(KEYS, JSON, max_size=5), RELEASES)
def test_keys_of_any_file_are_judged(value: dict[str, object], release: tuple[int, int, int] | None) -> None:
    """No content makes the judgement fail, and what it would write in another type is right the next time."""
    for problem in daemon_keys.problems(value, release):
        assert problem.path
        if problem.kind == "wrong-type" and problem.wanted is not None:
            mended: object = problem.wanted
            for name in reversed(problem.path):
                mended = {name: mended}
            assert isinstance(mended, dict)
            assert not [left for left in daemon_keys.problems(mended, release) if left.kind == "wrong-type"]


@given(st.dictionaries(KEYS, JSON, max_size=6), RELEASES)
def test_values_of_any_settings_are_judged(value: dict[str, object], release: tuple[int, int, int] | None) -> None:
    """Whatever stands inside lists and maps of the right type."""
    right = {key: item for key, item in value.items() if daemon_keys.fits(key, item)}
    config = EngineConfig(settings={key: EffectiveSetting(value=item, origin="file") for key, item in right.items()})
    things = NamedThings(missing_paths={}, groups=frozenset({"root"}), users=frozenset({"root"}))
    for links in (None, NO_LINKS):
        assert all(problem.why for problem in bad_values(config, things, release, links))
    assert isinstance(logging.default_driver(config), str)
    logging.bad_values("json-file", logging.default_options(config))
    assert config.data_root.startswith("/")


@pytest.mark.parametrize("key", sorted(OPTIONS))
def test_every_key_lives_in_some_release(key: str) -> None:
    """A key that starts after it ended, or that nothing ever takes, would be a slip in the table."""
    option = OPTIONS[key]
    assert option.removed is None or option.since < option.removed
    releases = [(19, 0, 0), (20, 10, 24), (23, 0, 6), (24, 0, 9), (25, 0, 5), (26, 1, 5), (28, 5, 2), (29, 9, 0)]
    assert any(is_known(key, release) for release in releases)
    assert option.successor == "" or is_known(option.successor, (29, 0, 0))


def test_every_flag_of_dockerd_has_its_key() -> None:
    """The flags' table and the keys' table name the same settings."""
    apart = {"config-file", "help", "validate", "version", "restart", "exec-driver"}
    missing = {flag for flag in flags.KNOWN if flags.config_key(flag) not in OPTIONS} - apart
    assert missing == set()


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("https-proxy", "http://me:secret@proxy.example:3128", "http://***@proxy.example:3128"),
        ("proxies", {"http-proxy": "http://a:b@c"}, {"http-proxy": "http://***@c"}),
        ("log-opts", {"splunk-token": "1234", "tag": "x"}, {"splunk-token": "***", "tag": "x"}),
        ("registry-mirrors", ["https://u:p@mirror.example"], ["https://***@mirror.example"]),
    ],
)
def test_secrets_are_masked(key: str, text: object, shown: object) -> None:
    """Whatever form a secret has in daemon.json, it is compared and written as it is, and printed as a mask."""
    concealed = conceal(key, text)
    assert str(concealed) == str(shown)
    assert concealed == text
    assert str(concealed_flag("log-opts", "splunk-token=1234")) == "splunk-token=***"


@given(st.sampled_from(sorted(OPTIONS)), st.lists(st.text(max_size=12), min_size=1, max_size=3))
def test_flags_become_values(key: str, values: list[str]) -> None:
    """Any text on a command line has a form in daemon.json; joined with itself it stays the same."""
    value = from_flags(key, tuple(values))
    assert joined(value, value) == value
