"""Backpropagation checked against central differences, for every network that anybody builds.

:func:`check_gradients` checks one network. ``python -m digitnet.nn.gradcheck`` checks every layer with
every activation and every loss of the library.
"""

from digitnet.nn.gradcheck.check import GradientCheck, check_gradients, relative_error

__all__ = ["GradientCheck", "check_gradients", "relative_error"]
