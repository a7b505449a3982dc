import pytest

from cnetkit.recording import Recording
from cnetkit.recording.frames import IN, UNKNOWN, Tap
from cnetkit.trace import explain
from cnetkit.view.wording import legible, summary
from tests.recording.conftest import make_frames


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


@pytest.mark.parametrize(("direction", "said"), [(UNKNOWN, True), (IN, False)])
def test_unknown_directions_are_reported(direction, said):
    frames = make_frames([Tap("host", "eth0")], [(0, direction, 1, bytes(60))])
    assert any("unknown for 1 frame," in line for line in summary(explain(Recording(frames)))) == said
