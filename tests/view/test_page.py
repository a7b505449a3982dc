import json
import re
from base64 import b64encode
from hashlib import sha256

from cnetkit.model import Interface, Node, Topology
from cnetkit.view import scene
from cnetkit.view.page import document, page
from tests.view.capture import captured

HOSTILE = "</script><script>alert(1)</script><!--\u2028"


def test_a_page_allows_exactly_its_own_script_and_styles():
    text = page(captured().select("flow == 1"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for tag in ('<script type="module">', "<style>"):
        for inner in re.findall(f"{tag}(.*?)</{tag[1:].split(' ')[0].rstrip('>')}>", text, re.DOTALL):
            assert b64encode(sha256(inner.encode()).digest()).decode() in policy


def test_the_scene_is_complete_and_cannot_break_the_page():
    topology = Topology(nodes=(Node(HOSTILE),), interfaces=(Interface(HOSTILE, HOSTILE),))
    drawn = scene.of_topology(topology, HOSTILE)
    text = document("title", drawn, "")
    result = text.split('id="cnetkit-scene">')[1].split("</script>")[0]
    assert json.loads(result) == json.loads(scene.encode(drawn))
    assert "<" not in result
    assert "\u2028" not in result
