"""DNS messages: questions are written, any answer is read or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.builtins import dns


def test_dns_question_and_answer() -> None:
    question = dns.query("example.com", "A", 7)
    assert question == b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01"
    reply = b"\0\x07\x81\x80\0\x01\0\x02\0\0\0\0" + question[12:]
    reply += (
        b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x04\x01x\xc0\x0c" + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07"
    )
    assert dns.records(reply) == (
        0,
        [{"type": "CNAME", "value": "x.example.com"}, {"type": "A", "value": "192.0.2.7"}],
    )


@given(st.binary(max_size=80))
def test_any_dns_answer_is_read_or_refused(message: bytes) -> None:
    try:
        dns.records(message)
    except LaunchError:
        return


def test_a_looping_dns_name_is_refused() -> None:
    with pytest.raises(LaunchError, match="loops"):
        dns.records(b"\0\0\0\0\0\x01\0\0\0\0\0\0" + b"\xc0\x0c\0\0")
