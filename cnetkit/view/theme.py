"""The colours of pictures and pages, light and dark: as the reader's system has it, or JupyterLab's theme where there is one.

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


def colours(selector: str) -> str:
    """CSS that gives `selector` its colours as variables."""
    return (
        f"{selector}{{{LIGHT};color-scheme:light}}"
        f"@media screen and (prefers-color-scheme:dark){{{selector}{{{DARK};color-scheme:dark}}}}"
        f'[data-jp-theme-light="true"] {selector}{{{LIGHT};color-scheme:light}}'
        f'@media screen{{[data-jp-theme-light="false"] {selector}{{{DARK};color-scheme:dark}}}}'
    )
