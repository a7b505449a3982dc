"""The colours of pictures and pages, light and dark, from the reader's system, or from JupyterLab's, VS Code's or a site's
theme.

Paper is light.
"""

LIGHT = (
    "--bg:#fff;--ink:#1b2430;--soft:#566170;--line:#c5ced9;--band:#eef3f9;"
    "--go:#1f5fae;--change:#8a4b00;--bad:#b3261e;--good:#17713a;--tunnel:#6b3fa0"
)
DARK = (
    "--bg:#14181e;--ink:#e6edf3;--soft:#a3afbd;--line:#465160;--band:#232c38;"
    "--go:#79b8ff;--change:#f2b45c;--bad:#ff8f87;--good:#6fd08c;--tunnel:#c9a6f5"
)
VSCODE_LIGHT = '[data-vscode-theme-kind$="light"]'
"""VS Code names its themes `vscode-light`, `vscode-dark`, `vscode-high-contrast` and `vscode-high-contrast-light`."""


SITE = '[data-theme="{}"]'
"""A site made by `cnetkit site` has the reader's choice, `light`, `dark` or `auto`, at its body."""


def colours(selector: str) -> str:
    """CSS that gives `selector` its colours as variables."""
    light = f':is([data-jp-theme-light="true"],{VSCODE_LIGHT},{SITE.format("light")}) {selector}'
    vscode_dark = f"[data-vscode-theme-kind]:not({VSCODE_LIGHT})"
    dark = f':is([data-jp-theme-light="false"],{vscode_dark},{SITE.format("dark")}) {selector}'
    return (
        f"{selector}{{{LIGHT};color-scheme:light}}"
        f"@media screen and (prefers-color-scheme:dark){{{selector}{{{DARK};color-scheme:dark}}}}"
        f"{light}{{{LIGHT};color-scheme:light}}@media screen{{{dark}{{{DARK};color-scheme:dark}}}}"
    )
