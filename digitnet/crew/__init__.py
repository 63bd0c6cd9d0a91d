"""Training on several processes, each with its share of the network; see :class:`digitnet.crew.Crew`."""

from digitnet.crew.crew import Crew

__all__ = ["Crew"]
