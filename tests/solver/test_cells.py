import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compexact.solver.cells import CellBuilder, merge
from compexact.solver.errors import DataError, UsageError
from compexact.solver.points import from_arrays
from compexact.solver.problem import Problem
from compexact.solver.syntax import parse


def random_points(seed: int, rows: int = 200, concepts: int = 4, units: int = 3):
    rng = np.random.default_rng(seed)
    return rng.random((rows, concepts)) < 0.4, rng.random((rows, units)) < 0.3


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_merging_loses_nothing_that_a_formula_can_see(seed):
    concepts, neurons = random_points(seed)
    cells = from_arrays(concepts, neurons)
    assert len({row.tobytes() for row in cells.concepts.dense()}) == len(cells)
    names = {f"c{i}": concepts[:, i] for i in range(concepts.shape[1])}
    for text in ("c0", "(c0 OR c1) AND NOT c2", "NOT c3 OR (c0 AND c2)"):
        formula = parse(text)
        on_points = formula.mask(names)
        for unit in range(neurons.shape[1]):
            found = Problem.of(cells, unit).explain(formula)
            assert found.intersection == int((on_points & neurons[:, unit]).sum())
            assert found.union == int((on_points | neurons[:, unit]).sum())


def test_shards_in_any_order_give_the_same_cells():
    concepts, neurons = random_points(1)
    whole = from_arrays(concepts, neurons)
    parts = [from_arrays(concepts[i::3], neurons[i::3]) for i in range(3)]
    for shards in (parts, parts[::-1]):
        merged = merge(shards)
        assert np.array_equal(merged.weights, whole.weights)
        assert np.array_equal(merged.active, whole.active)
        assert np.array_equal(merged.concepts.indices, whole.concepts.indices)


def test_shards_of_other_concepts_do_not_merge():
    concepts, neurons = random_points(1)
    other = from_arrays(concepts, neurons, concept_names=["a", "b", "c", "d"])
    with pytest.raises(DataError, match="concepts"):
        merge([from_arrays(concepts, neurons), other])


def test_ids_stay_valid_while_cells_come_and_lead_to_their_rows():
    builder = CellBuilder(["a", "b"], ["", ""], ["u"])
    rows = [(1,), (0,), (), (0, 1), (0,)]
    ids = [builder.add([row], np.array([1]), np.array([[0]]))[0] for row in rows]
    cells, place = builder.cells()
    for row, i in zip(rows, ids):
        at = place[i]
        assert tuple(cells.concepts.indices[cells.concepts.indptr[at] : cells.concepts.indptr[at + 1]]) == row
    assert cells.weights[place[ids[1]]] == 2


def test_counts_around_two_to_the_31_do_not_wrap():
    for count in (2**31 - 1, 2**31, 2**31 + 1):
        cells = from_arrays([[1], [1]], weights=[count, count], active=[[count], [1]])
        assert cells.n_points == 2 * count
        assert Problem.of(cells, 0).explain(parse("c0")).intersection == count + 1


def test_counts_beyond_exact_arithmetic_are_refused():
    with pytest.raises(DataError, match="4,503,599,627,370,496"):
        from_arrays([[1], [0]], weights=[2**52 - 1, 1], active=[[0], [0]])


def test_memory_layout_does_not_matter():
    concepts, neurons = random_points(2)
    plain = from_arrays(concepts, neurons)
    wide = np.zeros((200, 8), dtype=">i8")
    wide[:, ::2] = concepts
    frozen = neurons.copy()
    frozen.setflags(write=False)
    for other in (
        from_arrays(np.asfortranarray(concepts), np.asfortranarray(neurons)),
        from_arrays(wide[:, ::2], frozen),
        from_arrays(concepts.astype(np.uint8), neurons.tolist()),
    ):
        assert np.array_equal(other.active, plain.active)
        assert np.array_equal(other.concepts.indices, plain.concepts.indices)


def test_a_unit_is_found_by_name_or_refused_with_the_range():
    cells = from_arrays([[1], [0]], [[1, 0], [0, 1]])
    assert cells.unit("1") == 1
    with pytest.raises(UsageError, match="from '0' to '1'"):
        cells.unit("77")


ONE = [[1], [0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concepts": [[0.5], [1.0]], "neurons": ONE}, "must be bool or integers 0 and 1, not float64"),
        ({"concepts": [[2], [1]], "neurons": ONE}, "row 0, column 0 .* holds 2"),
        ({"concepts": np.array([[None], [1]]), "neurons": ONE}, "not object"),
        ({"concepts": [[1], [0], [1]], "neurons": ONE}, "3 rows and neurons 2"),
        ({"concepts": np.zeros((0, 3), bool), "neurons": ONE}, r"shape \(0, 3\)"),
        ({"concepts": np.zeros((2, 0), bool), "neurons": ONE}, r"shape \(2, 0\)"),
        ({"concepts": ONE, "neurons": np.zeros((2, 0), bool)}, r"shape \(2, 0\)"),
        ({"concepts": [1, 0], "neurons": ONE}, "two axes"),
        ({"concepts": ONE}, "neurons is missing"),
        ({"concepts": ONE, "neurons": ONE, "weights": [1, 1]}, "not both"),
        ({"concepts": ONE, "weights": [1, -1], "active": ONE}, "from 0"),
        ({"concepts": ONE, "weights": [1.0, 1.0], "active": ONE}, "integers"),
        ({"concepts": ONE, "weights": [1, 1], "active": [[2], [0]]}, "row 0, unit 0 .* has 2 active of 1"),
        ({"concepts": ONE, "weights": [0, 0], "active": [[0], [0]]}, "0 rows"),
        ({"concepts": ONE, "neurons": ONE, "concept_names": ["a", "b"]}, "1 concepts but 2 concept names"),
        ({"concepts": [[1, 0]], "neurons": [[1]], "concept_names": ["cat", "CAT"]}, "'cat' and 'CAT'"),
        ({"concepts": [[1, 0]], "neurons": [[1]], "concept_names": ["\u00e9", "e\u0301"]}, "more than case"),
        ({"concepts": ONE, "neurons": ONE, "concept_names": [""]}, "empty name"),
        ({"concepts": ONE, "neurons": ONE, "concept_names": ["a\nb"]}, "character"),
        ({"concepts": ONE, "neurons": ONE, "concept_names": ["a\u202eb"]}, "character"),
        ({"concepts": ONE, "neurons": ONE, "concept_categories": ["x", "y"]}, "2 concept_categories"),
        ({"concepts": ONE, "neurons": ONE, "unit_names": ["a", "b"]}, "1 units but 2 unit names"),
    ],
)
def test_arrays_that_are_no_data_are_refused_by_name(arguments, message):
    with pytest.raises(DataError, match=message):
        from_arrays(**arguments)


def test_rows_of_weight_zero_are_dropped():
    cells = from_arrays([[1], [0]], weights=[3, 0], active=[[2], [0]])
    assert len(cells) == 1
    assert cells.n_points == 3


def test_strange_names_are_only_names():
    names = ["AND", "not", "()", "a b", "<script>", "=1+1", "x" * 10_000]
    cells = from_arrays(np.eye(7, dtype=bool), np.ones((7, 1), bool), concept_names=names)
    for name in names:
        found = Problem.of(cells, 0).explain(parse(str(parse('"' + name + '"')), names))
        assert found.formula_points == 1
