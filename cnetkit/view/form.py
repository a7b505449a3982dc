"""A question as a form in a notebook: options to click, or a line or a few to type. It marks nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnetkit.model import CnetkitError
from cnetkit.view.display import viewers
from cnetkit.view.prose import prose


def form(text: str, options: Sequence[str], lines: int, given: str, keep: Callable[[str], str]) -> Any | None:  # noqa: ANN401
    """An ipywidgets box, or None where widgets cannot run. Without `options` an answer is typed, in `lines` lines.

    `keep` is called with each answer, and returns what is said about it; a CnetkitError is said instead.
    """
    try:
        import ipywidgets
    except ImportError:
        return None
    if not viewers():
        return None
    said = ipywidgets.HTML()
    said.add_class("cnetkit-said")

    def answered(answer: str) -> None:
        try:
            words = keep(answer)
        except CnetkitError as error:
            words = str(error)
        said.value = f"<span role='status'>{prose(words)}</span>"

    wide = ipywidgets.Layout(width="100%", max_width="60em")
    question = ipywidgets.HTML(f"<p style='margin:0;line-height:1.5'>{prose(text)}</p>", layout=wide)
    if options:
        field = ipywidgets.RadioButtons(options=list(options), value=given if given in options else None, layout=wide)
        field.observe(lambda change: answered(str(change["new"])), names="value")
        parts = [field]
    else:
        kind = ipywidgets.Textarea if lines > 1 else ipywidgets.Text
        field = kind(
            value=given,
            description="Your answer",
            style={"description_width": "initial"},
            layout=wide,
            continuous_update=False,
        )
        button = ipywidgets.Button(
            description="Keep this answer", layout=ipywidgets.Layout(width="auto", align_self="flex-start")
        )
        button.on_click(lambda _: answered(field.value))
        if lines == 1:
            field.observe(lambda change: answered(str(change["new"])), names="value")  # Enter, or leaving the field
        parts = [field, button]
    if given:
        answered(given)
    box = ipywidgets.VBox([question, *parts, said])
    box.add_class("cnetkit-question")
    return box
