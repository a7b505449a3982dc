"""Tests of causes that look at other frames are done twice: as the frames stand, and with the last one first in the file."""

import pytest

from tests.trace.loading import frames_of


@pytest.fixture(params=["in order", "backwards"])
def order(request, monkeypatch):
    """Frames are numbered as they stand in the file, and their times say what came first: no cause depends on numbers."""
    if request.param == "backwards":
        monkeypatch.setattr(request.module, "frames_of", lambda rows: frames_of(rows[::-1]))
