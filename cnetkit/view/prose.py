"""Sentences of a lesson as HTML."""

from __future__ import annotations

from html import escape


def prose(text: str) -> str:
    """Text as HTML, with its line breaks, and what stands between backticks as code."""
    parts = escape(text).replace("\n", "<br>").split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
