"""Training on several processes that share all numbers; see :class:`digitnet.crew.Crew`."""

from digitnet.crew.crew import Crew, cores

__all__ = ["Crew", "cores"]
