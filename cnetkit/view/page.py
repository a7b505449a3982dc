"""A trace as one HTML document: whole in one file, with no script, and forbidden to ask any network for anything."""

from __future__ import annotations

from html import escape

from cnetkit.view import wording
from cnetkit.view.notebook import html
from cnetkit.view.theme import colours
from cnetkit.view.traced import Trace

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(trace: Trace) -> str:
    """The document."""
    title = escape(wording.legible(trace.recording.name) or "cnetkit trace")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<style>{colours('body')}body{{margin:0;background:var(--bg);color:var(--ink);font-family:system-ui,sans-serif}}"
        "main{max-width:1200px;margin:0 auto;padding:1em}h1{font-size:22px}</style></head>"
        f"<body><main><h1>{title}</h1>{html(trace)}</main></body></html>"
    )
