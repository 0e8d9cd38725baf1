"""Deliveries that fail: nothing is lost, nothing is repeated, each is named once."""

from pathlib import Path

from doctor.notify import memory
from doctor.state.settings import Recipient
from tests.unit.notify.kit import ONE, TWO, Post, finding, night, scan


def test_what_was_not_delivered_is_kept_and_retried(post: Post) -> None:
    """With all that happened in between, in order; the other recipient is not bothered."""
    post.refusing = {TWO.to}
    ended = night(scan(finding("a")), 0, ONE, TWO)
    says = (
        "notification of https://b.example/… failed: refused; it is kept for the next scan: alpha: 1 new (worst: error)"
    )
    assert ended.notes == (says,)
    assert b"doctor_notifications_failing 1\n" in ended.metrics
    post.news()
    night(scan(), 1, ONE, TWO)
    assert post.news() == [("mailto", ["resolved a"]), ("https", ["new a", "resolved a"])]
    box = next(one for one in memory.load([]).outboxes.values() if one.error)
    assert (box.failures, len(box.waiting), box.delivered) == (2, 2, 0)
    post.refusing = set()
    assert night(scan(), 2, ONE, TWO).notes == ()
    assert post.news() == [("https", ["new a", "resolved a"])]
    assert b"doctor_notifications_failing 0\n" in night(scan(), 3, ONE, TWO).metrics
    assert post.news() == []


def test_a_failure_is_named_once_for_its_news(post: Post) -> None:
    """Cron mails each line: the same one each night would be filtered away. The status and the metric still show it."""
    post.refusing = {ONE.to}
    assert len(night(scan(finding("a")), 0, ONE).notes) == 1
    for number in (1, 2, 3):
        ended = night(scan(finding("a")), number, ONE)
        assert ended.notes == ()
        assert b"doctor_notifications_failing 1\n" in ended.metrics
    assert [one.failures for one in memory.load([]).outboxes.values()] == [4]
    (says,) = night(scan(finding("a"), finding("b")), 4, ONE).notes
    assert "alpha: 2 new" in says
    # Two days later than the first: both are in the news again on different days.
    (says,) = night(scan(finding("a"), finding("b")), 7, ONE).notes
    assert "1 still there" in says
    post.refusing = set()
    assert night(scan(finding("a"), finding("b")), 8, ONE).notes == ()
    post.refusing = {ONE.to}
    assert len(night(scan(finding("a")), 9, ONE).notes) == 1


def test_a_refused_address_costs_the_others_nothing(post: Post) -> None:
    """It is tried again until it has the news; the others are sent them once."""
    three = Recipient(to="mailto:a@example.com,b@example.com,c@example.com,a@example.com")
    post.refusing = {"b@example.com"}
    (says,) = night(scan(finding("x")), 0, three).notes
    assert says.startswith("notification of mail to b@example.com failed: refused; it is kept")
    assert sorted(one.delivery.address for _, _, one in post.sent) == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
    ]
    post.sent.clear()
    assert night(scan(finding("x")), 1, three).notes == ()
    assert [one.delivery.address for _, _, one in post.sent] == ["b@example.com"]
    post.sent.clear()
    post.refusing = set()
    night(scan(finding("x")), 2, three)
    assert [(one.delivery.address, changes) for _, changes, one in post.sent] == [("b@example.com", ["new x"])]
    post.sent.clear()
    night(scan(finding("x")), 3, three)
    assert post.sent == []


def test_addresses_of_a_root_only_file_are_numbered(post: Post, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    place = tmp_path / "to"
    place.write_text("smtp://mail.example/?to=a@example.com,b@example.com\n")
    place.chmod(0o600)
    post.refusing = {"b@example.com"}
    (says,) = night(scan(finding("x")), 0, Recipient(to=f"from:{place}")).notes
    assert f"from:{place} (address 2 of 2) failed" in says
    assert "@" not in says


def test_an_outbox_is_bounded(post: Post) -> None:
    """A server that is down for years: the latest news are kept, the others counted."""
    post.refusing = {ONE.to}
    for number in range(4):
        names = [finding(f"{number}-{one}") for one in range(150)]
        ended = night(scan(*names), number, ONE)
    assert "are dropped, as more than 500 wait: 300" in ended.notes[0]
    (box,) = memory.load([]).outboxes.values()
    assert len(box.waiting) == memory.MOST_WAITING
    assert box.dropped == 4 * 150 + 3 * 150 - memory.MOST_WAITING
    last = post.sent[-1][2].notice
    assert len(last.news) + last.omitted == 4 * 150 + 3 * 150
