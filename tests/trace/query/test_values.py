"""Values of the selection language: each kind reads what it writes, and refuses the rest."""

import pytest
from hypothesis import given, strategies as st

from cnetkit.trace.query.values import KINDS, MOST

VALUES = {
    "number": st.integers(0, MOST) | st.tuples(st.integers(0, 99), st.integers(100, 999)),
    "whole": st.integers(0, MOST),
    "duration": st.integers(0, MOST),
    "address": st.ip_addresses().map(lambda address: KINDS["address"].read(str(address))),
    "mac": st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":")),
    "flag": st.integers(0, 1),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_value_reads_back_from_its_text(kind, data):
    value = data.draw(VALUES[kind])
    assert KINDS[kind].read(KINDS[kind].write(value)) == value


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_kind_can_be_read(kind):
    KINDS[kind].read(KINDS[kind].example.strip('"'))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "9..3"), ("number", "-1"), ("number", "0x"), ("duration", "1h"), ("duration", "1e5"), ("address", "10.0.0.256"),
     ("mac", "02:42"), ("flag", "2")],
)  # fmt: skip
def test_other_texts_are_refused(kind, text):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what is wrong
        KINDS[kind].read(text)


def test_durations_have_units():
    read = KINDS["duration"].read
    assert [read(text) for text in ("1", "1s", "1.5ms", "2us", "2µs", "7ns")] == [
        10**9,
        10**9,
        1_500_000,
        2000,
        2000,
        7,
    ]
