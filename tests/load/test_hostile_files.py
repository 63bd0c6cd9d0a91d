"""A thousand hostile files: each is answered or refused in a sentence, and no process minds."""

import pytest
from load import cases, hostile
from load.connection import Answer

SEED = 0


@pytest.mark.load
def test_a_thousand_hostile_files(server):
    print(f"seed {SEED}")
    (finding,) = cases.hostile_files(server.address, server.tree, count=1000, seed=SEED)
    assert finding.held, finding.found


def test_the_same_seed_makes_the_same_files():
    first, again = (list(hostile.hostile_files(90, seed=3)) for _ in range(2))
    assert first == again
    assert len({name for name, _ in first}) == 90
    assert first[1:] != list(hostile.hostile_files(90, seed=4))[1:]


def test_every_bomb_and_damage_is_among_a_thousand_files():
    names = " ".join(name for name, _ in hostile.hostile_files(1000, SEED))
    for what in (*hostile.BOMBS, *hostile.DAMAGES, *hostile.READ, *hostile.OTHERS):
        assert what in names


PROBLEM = {"content-type": hostile.PROBLEM}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, PROBLEM, b'{"status": 500, "detail": "Something went wrong."}'),
        Answer(422, {"content-type": "application/json"}, b'{"status": 422, "detail": "It is damaged."}'),
        Answer(422, PROBLEM, b'{"status": 400, "detail": "It is damaged."}'),
        Answer(422, PROBLEM, b'{"status": 422, "detail": "no sentence"}'),
        Answer(422, PROBLEM, b'{"status": 422, "detail": "It is not in /srv/models/a.png."}'),
        Answer(422, PROBLEM, b'{"status": 422, "detail": "Cannot read <_io.BytesIO>."}'),
        Answer(422, PROBLEM, b'{"status": 422, "detail": "PIL could not read it."}'),
        Answer(200, {"content-type": "application/json"}, b"{}"),
    ],
)
def test_wrong_answers_to_hostile_files_are_noticed(answer):
    assert hostile.complaint(answer)


def test_right_answers_to_hostile_files_pass():
    sentence = b'{"status": 422, "detail": "The picture is a PNG that is damaged; save and/or send it."}'
    assert hostile.complaint(Answer(422, PROBLEM, sentence)) == ""
    assert hostile.complaint(Answer(200, {"content-type": "application/json"}, b'{"predictions": []}')) == ""
