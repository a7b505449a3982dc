"""BUILD, outside the sandbox: starts an agent and talks with it, over whatever transport.

It knows messages and processes; what a lab means by them it does not know.
"""

from cnetkit.sandbox.doors import RunningLab, running, shell
from cnetkit.sandbox.sandbox import Sandbox

__all__ = ["RunningLab", "Sandbox", "running", "shell"]
