"""Messages are decoded as they were encoded, however the stream is split."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, strategies as st

from cnetkit import operations as op, protocol as p

MESSAGES = [
    p.Hello("demo"),
    p.Build([op.AddNode("web", "container", "dock"), op.AddRoute("web", "0.0.0.0/0", "172.17.0.1")]),
    p.Run("web", ["sh", "-c", "true"], b"\x00\xff", 1.5),
    p.EndCapture(3),
]


@given(st.lists(st.integers(1, 40), max_size=30))
def test_a_stream_split_anywhere_gives_the_same_messages(cuts):
    stream = b"".join(p.encode(number, message) for number, message in enumerate(MESSAGES))
    splitter, messages = p.Splitter(), []
    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        messages += [(number, p.request(body)) for number, body in splitter.feed(piece)]
    assert messages == list(enumerate(MESSAGES))


@given(st.text(max_size=20), st.binary(max_size=300))
def test_a_block_sent_after_its_head_is_decoded_as_one_message(node, data):
    stream = p.encode_before(p.FrameBlock(7, node, b""), len(data)) + data
    ((number, body),) = p.Splitter().feed(stream)
    assert (number, p.answer(body)) == (0, p.FrameBlock(7, node, data))


def test_a_message_with_an_absurd_length_is_refused_before_it_is_stored():
    with pytest.raises(ValueError, match="a message of 4294967295 bytes"):
        list(p.Splitter().feed(b"\xff\xff\xff\xff\x00\x00\x00\x01"))


@given(st.binary(max_size=200))
def test_decoding_bytes_that_are_not_a_request_raises_a_validation_or_decode_error(data):
    try:
        result = p.request(data)
    except (msgspec.DecodeError, ValueError):
        return
    ((_, body),) = p.Splitter().feed(p.encode(1, result))
    assert isinstance(result, p.Request)
    assert p.request(body) == result


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_request_without_its_end_and_an_answer_are_no_requests(message):
    body = p.encode(1, message)[8:]
    for size in range(len(body)):
        with pytest.raises(msgspec.DecodeError):
            p.request(body[:size])
    for answer in (p.Done(), p.Started(1, 2), p.Failure("no")):
        with pytest.raises(msgspec.ValidationError):
            p.request(p.encode(1, answer)[8:])
    with pytest.raises(msgspec.ValidationError):
        p.answer(body)
