import pytest

from cnetkit.view.wording import legible


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("web", "web"),
        ("a\nb", "a␊b"),
        ("\x7f", "␡"),
        ("\x9b31m", "\\u{9b}31m"),
        ("\ud800", "\\u{d800}"),
        ("→ é", "→ é"),
    ],
)
def test_control_and_broken_characters_are_shown_as_text(given, shown):
    assert legible(given) == shown
