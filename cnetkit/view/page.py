"""A trace as one HTML document: the viewer with its scene in a single file, with all network access forbidden.

Without scripts, and on paper, the same journeys are shown as text, pictures and tables (notebook.py).
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

from cnetkit.trace.trace import Trace
from cnetkit.view import bundle, scene, wording
from cnetkit.view.notebook import html
from cnetkit.view.theme import colours

STYLE = (
    colours("body")
    + """
body{margin:0;background:var(--bg);color:var(--ink);font-family:system-ui,sans-serif}
main{padding:10px}.paper{max-width:1200px;margin:0 auto}.paper h1{font-size:22px}
.ck-alive .paper{display:none}@media (min-width:800px){.ck-alive .cnetkit-viewer{height:calc(100vh - 20px);min-height:620px}
.ck-alive .ck-panes{height:auto}.ck-alive .ck-table[open]{max-height:40vh}}
@media print{@page{size:landscape;margin:12mm}.ck-alive .paper{display:block}main,.paper{padding:0;max-width:none}}
"""
)


def page(trace: Trace) -> str:
    """The document of a trace."""
    title = wording.legible(trace.recording.name) or "cnetkit trace"
    return document(title, scene.of_trace(trace), html(trace))


def document(title: str, drawn: scene.Scene, paper: str) -> str:
    """A document that shows a scene; `paper` is the HTML for readers without scripts."""
    program, title = bundle.script("page"), escape(title)
    styles = [STYLE, bundle.style()]
    allowed = dict.fromkeys([*styles, *re.findall(r"<style>(.*?)</style>", paper, re.DOTALL)])
    policy = (
        f"default-src 'none'; script-src {_hash(program)}; style-src {' '.join(_hash(style) for style in allowed)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"{''.join(f'<style>{style}</style>' for style in styles)}</head>"
        f'<body><main><div id="cnetkit-viewer"></div><div class="paper"><h1>{title}</h1>{paper}</div></main>'
        f'<script type="application/json" id="cnetkit-scene">{scene.for_html(drawn)}</script>'
        f'<script type="module">{program}</script></body></html>'
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"
