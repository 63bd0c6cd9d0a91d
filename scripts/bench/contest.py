"""Contestants in processes of their own that take turns, A B A B: what else happens meets all of them."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import statistics
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from surroundings import surroundings

#: Nobody waits longer for one turn.
TURN_SECONDS = 600.0
#: Between two turns: OpenBLAS's threads look for work for 120 ms after a product, on the next one's cores.
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Entry:
    """One contestant.

    Attributes:
        factory: ``"module:function"``. The function is called once, in a process of its own, with
            ``arguments``; it prepares everything and returns what is called for every turn, a function
            without arguments that returns a number, or several by name.
        arguments: plain values.
        needs: modules that must be installed; if one is not, the contestant is named and left out.
        environment: variables that are set in its process before anything is imported.
    """

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    needs: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Results:
    """What the contestants measured.

    Attributes:
        turns: what each returned, turn by turn, those of the warm-up not among them.
        left_out: why, by name.
    """

    turns: dict[str, list[Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def values(self, name: str, key: str | None = None) -> list[float]:
        """The numbers of one contestant; with a key those of that name.

        >>> Results({"a": [{"rate": 1.0}, {"rate": 3.0}]}).values("a", "rate")
        [1.0, 3.0]
        """
        return [float(turn if key is None else turn[key]) for turn in self.turns[name]]

    def median(self, name: str, key: str | None = None) -> float:
        """Their median.

        >>> Results({"a": [1.0, 9.0, 2.0]}).median("a")
        2.0
        """
        return statistics.median(self.values(name, key))

    def ratio(self, one: str, other: str, key: str | None = None) -> float:
        """The median of ``one`` over ``other``, turn by turn: what both met at the same time cancels.

        >>> Results({"a": [2.0, 8.0, 4.0], "b": [1.0, 4.0, 4.0]}).ratio("a", "b")
        2.0
        """
        pairs = zip(self.values(one, key), self.values(other, key), strict=True)
        return statistics.median(a / b for a, b in pairs)


def compete(
    entries: Mapping[str, Entry],
    *,
    turns: int,
    warm_up: int = 1,
    say: Callable[[str], None] | None = None,
) -> Results:
    """Let the contestants take turns: everybody's first, everybody's second, and so on.

    All are prepared before the first turn, and wait without work while another one has its turn. One that
    fails is left out with its reason, from all turns.
    """
    results = Results()
    crew: dict[str, _Contestant] = {}
    try:
        for name, entry in entries.items():
            missing = [module for module in entry.needs if importlib.util.find_spec(module) is None]
            if missing:
                results.left_out[name] = f"{', '.join(missing)} is not installed"
                continue
            crew[name] = _Contestant(entry)
            _or_leave_out(crew, name, results)
        for turn in range(warm_up + turns):
            for name in list(crew):
                time.sleep(PAUSE_SECONDS)
                value = _or_leave_out(crew, name, results, ask=True)
                if name in crew and turn >= warm_up:
                    results.turns.setdefault(name, []).append(value)
                    if say:
                        say(f"{name}: {_shown(value)}")
    finally:
        for contestant in crew.values():
            contestant.end()
    return results


def _or_leave_out(crew: dict[str, _Contestant], name: str, results: Results, ask: bool = False) -> Any:
    try:
        return crew[name].turn() if ask else crew[name].wait()
    except ContestError as error:
        results.left_out[name] = str(error)
        results.turns.pop(name, None)
        crew.pop(name).end()
        return None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in value.items())
    return f"{value:.5g}" if isinstance(value, float) else str(value)


class ContestError(Exception):
    """A contestant failed; the message says with what."""


class _Contestant:
    """The near end of a contestant's process."""

    def __init__(self, entry: Entry) -> None:
        # A fresh interpreter each: nobody's threads, memory or imports are another's.
        context = multiprocessing.get_context("spawn")
        self._end, far = context.Pipe()
        self._process = context.Process(target=_live, args=(entry, far), daemon=True)
        with surroundings(entry.environment):
            self._process.start()
        far.close()

    def wait(self) -> Any:
        if not self._end.poll(TURN_SECONDS):
            raise ContestError(f"it took longer than {TURN_SECONDS:g} seconds")
        try:
            failure, value = self._end.recv()
        except EOFError:
            self._process.join(5)
            raise ContestError(f"its process ended with status {self._process.exitcode}") from None
        if failure:
            raise ContestError(failure)
        return value

    def turn(self) -> Any:
        self._end.send("turn")
        return self.wait()

    def end(self) -> None:
        self._end.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _live(entry: Entry, end: Connection) -> None:
    """A contestant's process: prepare, then a turn for every message, until the other end closes."""
    try:
        module, _, function = entry.factory.partition(":")
        turn = getattr(importlib.import_module(module), function)(**entry.arguments)
        end.send((None, None))
        while True:
            end.recv()
            end.send((None, turn()))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # said at the other end, whatever it is
        traceback.print_exc()
        end.send((f"{type(error).__name__}: {error}".splitlines()[0], None))
