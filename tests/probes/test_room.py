"""Where memory runs out, inputs come in smaller parts, in order, and the rest goes on with that."""

import pytest
import torch

from compexact.probes.room import Room
from compexact.solver.errors import UsageError


def run_with_room_for(most, error):
    seen = []

    def run(part):
        if len(part) > most:
            raise error
        seen.append(list(part))
        return sum(part)

    return run, seen


@pytest.mark.parametrize(
    "error", [torch.cuda.OutOfMemoryError("CUDA out of memory"), RuntimeError("[enforce fail] can't allocate memory")]
)
def test_batches_are_halved_until_they_fit_and_stay_so(error, capsys):
    run, seen = run_with_room_for(3, error)
    room = Room(8, "images")
    batches = [list(range(8)), list(range(8, 14))]
    parts = [part for batch in batches for part in room.parts(batch, run)]
    assert [each for part, _ in parts for each in part] == list(range(14))
    assert all(given == sum(part) for part, given in parts)
    assert max(map(len, seen)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "compexact: no room for 8 images at once; going on with 4",
        "compexact: no room for 4 images at once; going on with 2",
    ]


def test_without_room_for_one_it_says_so():
    run, _ = run_with_room_for(0, torch.cuda.OutOfMemoryError("x"))
    with pytest.raises(UsageError, match="no room for one of the texts"):
        list(Room(4, "texts").parts([1, 2], run))


def test_other_errors_pass():
    run, _ = run_with_room_for(0, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(Room(4, "texts").parts([1, 2], run))
