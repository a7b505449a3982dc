"""Loads capture files, written by this project or by any other tool, as traces. It captures nothing."""

from __future__ import annotations

import os

from cnetkit.recording.recording import load_all
from cnetkit.trace import Trace, explain


def load(*files: str | os.PathLike[str]) -> Trace:
    """The trace of a capture file, or of several simultaneous ones: pcapng and pcap, `FILE` or `node/ifname=FILE`.

    CnetkitError if a file is missing or is not a capture. Of a damaged file everything readable is loaded.
    """
    return explain(load_all([os.fspath(file) for file in files]))
