"""The two places in a network at which the members of a crew need what the others have computed."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import DTypeLike

from digitnet.crew.rendezvous import shared_zeros
from digitnet.nn.layers import Array, Layer


class Board:
    """Shared arrays ``(batch, width)`` for one place: one that all write to, and one of each member.

    There are two of each, used in turns: who is ahead writes to one set while somebody may still be reading
    the other. Nobody can be two passes ahead, since a pass ends only when all have come to its meeting.

    >>> Board(members=2, batch_size=8, width=4, dtype="float32").of_all[0].shape
    (8, 4)
    """

    def __init__(self, members: int, batch_size: int, width: int, dtype: DTypeLike) -> None:
        def pair() -> list[Array]:
            return [shared_zeros(batch_size * width, dtype).reshape(batch_size, width) for _ in range(2)]

        self.members = members
        self.of_all = pair()
        self.of_member = [pair() for _ in range(members)]


class Exchange(Layer):
    """Base of the two: a layer of member ``me``, which writes to a board, meets the others and reads.

    Args:
        board: the same for all members.
        me: which member this is.
        meet: returns when every member has called its own.
    """

    def __init__(self, board: Board, me: int, meet: Callable[[], None]) -> None:
        super().__init__()
        self._board, self._me, self._meet = board, me, meet
        self._turn = 0


class Gather(Exchange):
    """Every member's units side by side: ``(batch, own units)`` to ``(batch, all units)``.

    Backwards, each member has ∂loss/∂inputs as far as it comes through its own units of the next layer; the
    sum over members is the whole, and each needs that of its own units.

    Args:
        board, me, meet: as for every :class:`Exchange`.
        own: each member's units.

    >>> import numpy as np
    >>> board = Board(members=1, batch_size=2, width=3, dtype=np.float64)
    >>> Gather(board, 0, lambda: None, [slice(0, 3)]).forward(np.ones((2, 3)), training=True)
    array([[1., 1., 1.],
           [1., 1., 1.]])
    """

    def __init__(self, board: Board, me: int, meet: Callable[[], None], own: list[slice]) -> None:
        super().__init__(board, me, meet)
        self._own = own
        self.in_features = own[me].stop - own[me].start

    def output_width(self, in_features: int) -> int:  # noqa: ARG002
        return int(self._own[-1].stop)

    def forward(self, inputs: Array, training: bool = False) -> Array:  # noqa: ARG002
        self._turn ^= 1
        everything = self._board.of_all[self._turn][: len(inputs)]
        everything[:, self._own[self._me]] = inputs
        self._meet()
        return everything

    def backward(self, grad_output: Array) -> Array:
        rows, mine = len(grad_output), self._own[self._me]
        for other, units in enumerate(self._own):
            if other != self._me:
                self._board.of_member[self._me][self._turn][:rows, units] = grad_output[:, units]
        self._meet()
        grad_input: Array = self._buffers.get("grad_input", (rows, mine.stop - mine.start), grad_output.dtype)
        grad_input[...] = grad_output[:, mine]
        for other in range(self._board.members):
            if other != self._me:
                grad_input += self._board.of_member[other][self._turn][:rows, mine]
        return grad_input


class Total(Exchange):
    """The outputs of the last Dense layer, of which each member has the sum over its own units.

    All members add in the same order, so that all have the same outputs to the last bit, and with them the
    same loss and the same gradient.

    Args:
        board, me, meet: as for every :class:`Exchange`.

    >>> import numpy as np
    >>> Total(Board(1, 2, 3, np.float64), 0, lambda: None).forward(np.ones((1, 3)))
    array([[1., 1., 1.]])
    """

    def forward(self, inputs: Array, training: bool = False) -> Array:  # noqa: ARG002
        self._turn ^= 1
        rows = len(inputs)
        self._board.of_member[self._me][self._turn][:rows] = inputs
        self._meet()
        outputs = self._buffers.get("outputs", inputs.shape, inputs.dtype)
        outputs[...] = self._board.of_member[0][self._turn][:rows]
        for parts in self._board.of_member[1:]:
            outputs += parts[self._turn][:rows]
        return outputs

    def backward(self, grad_output: Array) -> Array:
        return grad_output
