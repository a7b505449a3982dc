"""Coverage-guided fuzzing of everything that a capture file passes through: load, join, JSON, summary.

    make fuzz                 # for ten minutes; what reaches new code is kept in test-output/fuzz and tried first again
    make fuzz SECONDS=60

An input that crashes is written to `crash-...`: make it small (-minimize_crash=1) and keep it in tests/data/fuzz/, where
tests/recording/test_hostile.py reads it ever after.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["cnetkit.recording", "cnetkit.trace", "cnetkit.view"]):
    from tests.hostile import inspected, seeds


LIMITS = ("-timeout=30", "-max_len=8192", "-malloc_limit_mb=1024", "-rss_limit_mb=0")
"""The process itself grows with each input, by what the instrumentation keeps; a single allocation must not be large."""


def one_input(data: bytes) -> None:
    """No bytes may raise anything but CnetkitError, or bring control characters to the terminal."""
    inspected(data)


def main() -> None:
    """Starts from real captures of every kind."""
    from pathlib import Path

    corpus = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if corpus is not None:
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, *LIMITS], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
