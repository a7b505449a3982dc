"""Coverage-guided fuzzing of everything that a capture file passes through: load, join, JSON, summary.

    make fuzz                                      # until it is stopped; new inputs are kept in test-output/fuzz
    .venv/bin/python -m tests.fuzz.captures -max_total_time=600 test-output/fuzz

An input that crashes is written to `crash-...`: make it small (-minimize_crash=1) and keep it in tests/data/fuzz/, where
tests/recording/test_hostile.py reads it ever after.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["cnetkit.recording", "cnetkit.trace", "cnetkit.view"]):
    from tests.hostile import inspected, seeds


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
    atheris.Setup([*sys.argv, "-rss_limit_mb=3000", "-timeout=30", "-max_len=8192"], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
