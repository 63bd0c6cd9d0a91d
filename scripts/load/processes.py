"""Watches a server's processes: their memory, open files, threads and connections."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024
GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied)


@dataclass(frozen=True)
class Usage:
    """What all processes of a server take together; `moment` is in seconds of the monotonic clock."""

    moment: float
    memory: int
    files: int
    threads: int


class Tree:
    """A server's master process and its workers."""

    def __init__(self, pid: int) -> None:
        self.master = psutil.Process(pid)

    def workers(self) -> list[psutil.Process]:
        """The processes below the master that live."""
        with suppress(*GONE):
            return [child for child in self.master.children(recursive=True) if _lives(child)]
        return []

    def usage(self) -> Usage:
        """Resident memory in bytes, open files and threads of all processes now."""
        memory = files = threads = 0
        for process in [self.master, *self.workers()]:
            with suppress(*GONE):
                memory += process.memory_info().rss
                files += process.num_fds()
                threads += process.num_threads()
        return Usage(time.monotonic(), memory, files, threads)

    def connections(self, worker: psutil.Process) -> set[int]:
        """The ports, at the client's end, of a worker's connections."""
        return {one.raddr.port for one in worker.net_connections("tcp") if one.raddr}

    def kill(self, worker: psutil.Process) -> set[int]:
        """End a worker as the system would for want of memory; the connections that die with it."""
        worker.suspend()
        connections = self.connections(worker)
        os.kill(worker.pid, signal.SIGKILL)
        return connections

    def seconds_until_replaced(self, before: set[int], seconds: float = 30.0) -> float:
        """How long until there are as many workers as `before`, whose ids those are, without the dead one."""
        started = time.monotonic()
        while time.monotonic() < started + seconds:
            now = {worker.pid for worker in self.workers()}
            if len(now) >= len(before) and now != before:
                return time.monotonic() - started
            time.sleep(0.01)
        return float("inf")


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except GONE:
        return False


class Watch:
    """Takes the usage again and again for as long as the ``with`` block lasts."""

    def __init__(self, tree: Tree, every: float = 0.5) -> None:
        self._tree, self._every = tree, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Usage] = []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    @property
    def peak(self) -> int:
        """The most memory at once, in bytes."""
        return max((usage.memory for usage in self.samples), default=0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.samples.append(self._tree.usage())
            self._stop.wait(self._every)
