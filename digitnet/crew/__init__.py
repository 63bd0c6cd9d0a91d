"""Training on several processes, each with its share of the network; see :class:`digitnet.crew.Crew`."""

from digitnet.crew.crew import Crew
from digitnet.crew.members import headcount

__all__ = ["Crew", "headcount"]
