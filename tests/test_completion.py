"""The Tab key on the command line, as a shell asks for it."""

import os
import subprocess
import sys

import pytest

from cnetkit import catalog


def completed(tmp_path, line):
    """What argcomplete answers to a shell that completes this line."""
    answer = tmp_path / "answer"
    answer.write_text("")
    environment = os.environ | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "COMP_LINE": line,
        "COMP_POINT": str(len(line)), "COMP_TYPE": "9", "_ARGCOMPLETE_SHELL": "bash",
    }  # fmt: skip
    program = "from cnetkit.cli import main; main()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True, timeout=60)
    return [word.strip() for word in answer.read_text().split("\n") if word.strip()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cnetkit ", {"run", "inspect", "doctor", "progress"}),
        ("cnetkit ins", {"inspect"}),
        ("cnetkit run ", set(catalog.names())),
        ("cnetkit run port", {"port-mapping"}),
        ("cnetkit get dock", {"docker", "docker-28.5", "docker-20.10"}),
        ("cnetkit run bridge --", {"--html", "--brief", "--replay"}),
    ],
)
def test_the_shell_gets_what_fits(tmp_path, line, words):
    assert words <= set(completed(tmp_path, line))


def test_no_word_is_made_up(tmp_path):
    assert completed(tmp_path, "cnetkit run nosuch") == []
