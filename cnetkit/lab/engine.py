"""The command line of a container engine that runs in a host: `docker("ps")`. It starts no engine and knows none."""

from __future__ import annotations

from cnetkit.lab.adopted import AdoptedNode
from cnetkit.lab.host import Host
from cnetkit.lab.programs import RunResult


class EngineCommand:
    """A real engine. Call it with what stands after the name of its program on a command line.

    `version` is the engine's own word, such as `28.5.2+dfsg4`.
    """

    PROGRAM = ""

    def __init__(self, host: Host, version: str) -> None:
        self.host, self.version = host, version

    def __call__(
        self, command: str, *, timeout: float = 60.0, input: str | bytes = "", check: bool = False
    ) -> RunResult:
        """Runs the command in the host, by sh(1), and waits for its end, at most `timeout` seconds.

        CnetkitError with `check` if it fails. When it returns, new containers are nodes: `lab["web"]`.
        """
        return self.host.run(f"{self.PROGRAM} {command}", timeout=timeout, input=input, check=check)

    @property
    def containers(self) -> dict[str, AdoptedNode]:
        """What runs with a network namespace of its own, by name: its containers, and pods."""
        members = self.host.site.members.values()
        return {node.name: node for node in members if isinstance(node, AdoptedNode) and node.host is self.host}
