"""A process that is killed takes only its own requests with it; a stop takes none."""

import pytest
from load import cases, disruptions
from load.processes import Tree
from load.servers import serving

pytestmark = pytest.mark.load


def test_a_killed_worker_takes_nothing_else_with_it_and_is_replaced():
    with serving() as server:
        (finding,) = disruptions.killed_workers(server.address, server.tree, rounds=1)
    assert finding.held, finding.found


def test_a_stop_under_load_drops_nothing():
    (finding,) = disruptions.stops(serving, rounds=1)
    assert finding.held, finding.found


def test_a_service_with_more_to_do_than_it_can_says_so():
    with serving("digitnet", *cases.SCARCE) as server:
        (finding,) = cases.overload(server.address, seconds=3)
    assert finding.held, finding.found


def test_memory_and_files_are_flat(server):
    (finding,) = cases.steady(server.address, server.tree, minutes=0.15)
    assert finding.held, finding.found


def test_the_watch_sees_what_a_server_takes(server):
    tree = Tree(server.process.pid)
    assert len(tree.workers()) == 2
    usage = tree.usage()
    assert usage.memory > 50e6
    assert usage.files > 10
    assert usage.threads >= 3
