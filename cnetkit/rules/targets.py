"""Reads the address and port of a translation, as iptables and nft write them: `172.17.0.2:80`, `[fd00::2]:80`."""

from __future__ import annotations

import ipaddress


def endpoint(text: str) -> tuple[str, int]:
    """(address, port) of exactly one endpoint; empty and 0 for a missing part, a range or several."""
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        address, port = text, ""
    else:
        address, _, port = text.partition(":")
    return address if _is_address(address) else "", int(port) if port.isdigit() else 0


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
