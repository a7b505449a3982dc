"""Sentences of a lesson as HTML."""

from cnetkit.view.prose import prose


def test_backticks_make_code_and_nothing_makes_markup():
    assert prose("run `ip -n <node>`\nthen <b>") == "run <code>ip -n &lt;node&gt;</code><br>then &lt;b&gt;"
