"""Opens captures that were saved, by this project or any other tool, as traces. It captures nothing."""

from __future__ import annotations

import os

from cnetkit.recording.recording import load_all
from cnetkit.trace import Trace, explain


def load(*files: str | os.PathLike[str]) -> Trace:
    """The trace of one capture, or of several taken at the same time: pcapng and pcap, `FILE` or `node/ifname=FILE`.

    CnetkitError where a file is missing or is no capture; what of a damaged file can be read is read.
    """
    return explain(load_all([os.fspath(file) for file in files]))
