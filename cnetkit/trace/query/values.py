"""The kinds of values that fields have: how each is read and written, and which operators it takes. Knows no fields."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Value = int | str | tuple[int, int] | ipaddress.IPv4Network | ipaddress.IPv6Network

UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "µs": 1_000, "ns": 1}
MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value."""

    noun: str
    """`a number`."""
    example: str
    operators: tuple[str, ...]
    bare: bool
    """Whether a field of this kind may stand alone, without an operator: true if the frame has the field."""
    read: Callable[[str], Value]
    """Parses a value. ValueError if it is invalid."""
    write: Callable[[Value], str]


def _number(text: str) -> Value:
    first, dots, last = text.partition("..")
    if dots:
        pair = _digits(first), _digits(last)
        if pair[0] > pair[1]:
            raise ValueError(text)
        return pair
    return _digits(text)


def _digits(text: str) -> int:
    if not re.fullmatch(r"0x[0-9a-fA-F]{1,16}|[0-9]{1,19}", text):
        raise ValueError(text)
    return min(int(text, 16 if text.startswith("0x") else 10), MOST)


def _duration(text: str) -> Value:
    match = re.fullmatch(r"([0-9]{1,19}(?:\.[0-9]{1,18})?)(s|ms|us|µs|ns)?", text)
    if not match:
        raise ValueError(text)
    try:
        return min(int(Decimal(match[1]) * UNITS[match[2] or "s"]), MOST)
    except InvalidOperation as error:
        raise ValueError(text) from error


def _as_duration(value: Value) -> str:
    nanoseconds = int(value)  # type: ignore[arg-type]
    unit = next(unit for unit, size in UNITS.items() if nanoseconds % size == 0 and unit != "µs")
    return f"{nanoseconds // UNITS[unit]}{unit}"


def _mac(text: str) -> Value:
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}", text):
        raise ValueError(text)
    return text.lower().replace("-", ":")


def _as_number(value: Value) -> str:
    return f"{value[0]}..{value[1]}" if isinstance(value, tuple) else str(value)


def _as_address(value: Value) -> str:
    return str(value).removesuffix("/32" if "." in str(value) else "/128")


def _as_text(value: Value) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", str(value)) + '"'


EQUAL = ("==", "!=", "in")
ORDERED = ("==", "!=", "<", "<=", ">", ">=", "in")
KINDS = {
    "number": Kind("a number", "80", ORDERED, True, _number, _as_number),
    "whole": Kind("a number", "7", ORDERED, False, _number, _as_number),
    "duration": Kind("a time", "1.5ms", ORDERED[:-1], False, _duration, _as_duration),
    "address": Kind("an address or a network", "172.17.0.0/16", EQUAL, True,
                    lambda text: ipaddress.ip_network(text, strict=False), _as_address),
    "mac": Kind("a MAC address", "02:42:ac:11:00:02", EQUAL, True, _mac, str),
    "text": Kind("a text", '"dock"', (*EQUAL, "contains"), False, str, _as_text),
    "flag": Kind("0 or 1", "1", ("==", "!="), True, ("0", "1").index, str),
}  # fmt: skip
"""By name. `number` is a field that a frame may lack, `whole` a field that every frame has."""
