"""Explains a Recording as a Trace. Pure: uses no clock, socket, randomness or kernel."""

from cnetkit.trace.flow import Flow
from cnetkit.trace.journey import Journey
from cnetkit.trace.trace import Trace, explain

__all__ = ["Flow", "Journey", "Trace", "explain"]
