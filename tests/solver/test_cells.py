from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compexact.solver.arrays import from_arrays
from compexact.solver.cells import CellBuilder, Cells, ConceptRows, concept_rows, merge
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem


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


MOST = 2**52 - 1
SIZES = [2**51, 2**52, 2**61, 2**62, 2**63 - 1]


def two_cells(weights, active, units=("u",)):
    return Cells(concept_rows(["a"], [""], np.array([[1], [0]], bool)), weights, active, units)


def all_doors(count):
    """Every way to cells or a problem of twice as many points."""
    counts, none = np.array([count, count]), np.zeros((2, 1), dtype=np.int64)
    ones, matrix = np.ones(2, dtype=np.int64), np.array([[1], [0]], bool)
    builder = CellBuilder(["a"], [""], ["u"])
    return {
        "directly": lambda: two_cells(counts, none),
        "as a problem": lambda: Problem(concept_rows(["a"], [""], matrix), counts, none[:, 0], "u"),
        "from arrays": lambda: from_arrays(matrix, weights=counts, active=none),
        "from rows of one cell": lambda: from_arrays(matrix[[0, 0]], weights=counts, active=none),
        "by a builder": lambda: builder.add([(0,), ()], counts, none),
        "by a builder, into one cell": lambda: builder.add([(0,), (0,)], counts, none),
        "by a builder, in two steps": lambda: [builder.add([(0,)], counts[:1], none[:1]) for _ in range(2)],
        "by merging": lambda: merge([two_cells(ones * (count // 2), none)] * 2),
    }


@pytest.mark.parametrize("way", all_doors(1))
@pytest.mark.parametrize("count", SIZES)
def test_there_is_no_way_in_for_more_points_than_are_counted_exactly(way, count):
    """Sums that do not wrap, and sums that wrap to less than nothing, or to little."""
    with pytest.raises(DataError, match=r"points; counts are exact up to|must be from 0 to below") as caught:
        all_doors(count)[way]()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rows", [4096, 4097])
def test_many_counts_that_are_small_enough_each_are_too_many_together(rows):
    """4,096 times 2**52 is 2**64: in 64 bits that is nothing."""
    weights, active = np.full(rows, 2**52 - 1) + (np.arange(rows) == 0), np.zeros((rows, 1), np.int64)
    with pytest.raises(DataError):
        from_arrays(np.ones((rows, 1), bool), weights=weights, active=active)
    builder = CellBuilder(["a"], [""], ["u"])
    with pytest.raises(DataError, match="counts are exact up to"):
        builder.add([(0,)] * rows, np.full(rows, 2**52), active)


def test_what_a_builder_refuses_leaves_it_as_it_was():
    builder = CellBuilder(["a"], [""], ["u"])
    builder.add([(0,)], np.array([3]), np.array([[2]]))
    for weights, active in (([2**52], [[0]]), ([-1], [[0]]), ([1], [[2]]), ([1], [[-1]]), ([1.5], [[1]])):
        with pytest.raises(DataError):
            builder.add([()], np.array(weights), np.array(active))
    cells = builder.cells()[0]
    assert (cells.weights.tolist(), np.asarray(cells.active).tolist()) == ([3], [[2]])


def test_as_many_points_as_are_counted_exactly_are_taken():
    cells = from_arrays([[1], [0]], weights=[MOST - 5, 5], active=[[MOST - 5], [5]])
    assert cells.n_points == merge([cells]).n_points == Problem.of(cells, 0).unit_points == MOST


@pytest.mark.parametrize(
    ("weights", "active", "message"),
    [
        (np.array([1.0, 2.0]), np.zeros((2, 1), int), "weights must be integers with 1 axes, not float64"),
        (np.array([1, 2]), np.zeros((2, 1)), "active must be integers with 2 axes, not float64"),
        (np.array([1, 2]), np.array([[np.nan], [0]]), "active must be integers"),
        (np.array([1, 2], object), np.zeros((2, 1), int), "not object"),
        (np.array([[1], [2]]), np.zeros((2, 1), int), "weights must be integers with 1 axes"),
        (np.array([1, 2]), np.zeros(2, int), "active must be integers with 2 axes"),
        (np.array([2**63, 1], np.uint64), np.zeros((2, 1), int), "beyond 64 bits"),
        (np.array([1, 2, 3]), np.zeros((3, 1), int), "are not of"),
        (np.array([1, 0]), np.zeros((2, 1), int), "no points"),
        (np.array([1, -2]), np.zeros((2, 1), int), "no points"),
        (np.array([1, 2]), np.array([[0], [-1]]), "negative"),
        (np.array([1, 2]), np.array([[0], [3]]), "more points of a cell than the cell has"),
    ],
)
def test_counts_that_are_none_are_refused(weights, active, message):
    with pytest.raises(DataError, match=message):
        two_cells(weights, active)
    if active.ndim == 2 and 0 not in weights:
        with pytest.raises(DataError):
            Problem(concept_rows(["a"], [""], np.array([[1], [0]], bool)), weights, active[:, 0], "u")


def test_units_have_names_of_their_own():
    """Else a name would be another unit's, too, and an answer about it could be of either."""
    rows = concept_rows(["a"], [""], np.array([[1], [0]], bool))
    with pytest.raises(DataError, match="2 units with 1 names"):
        Cells(rows, np.array([1, 2]), np.zeros((2, 2), int), ("u", "u"))


def test_unsigned_counts_are_subtracted_as_integers_are():
    """As they are, 1 - 2 would be 2**64 - 1."""
    for dtype in (np.uint8, np.uint64, ">i4"):
        cells = two_cells(np.array([1, 2], dtype), np.array([[1], [0]], dtype))
        assert (cells.weights.dtype, cells.active.counts.dtype) == (np.int64, np.int64)
        assert (cells.active[:, 0] - cells.weights).tolist() == [0, -2]


@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        ([0, 2], [0, 0], "row 0 .* ascending, each once"),
        ([0, 2], [1, 0], "row 0 .* ascending, each once"),
        ([0, 1, 1, 4], [2, 0, 2, 1], "row 2 .* ascending, each once"),
        ([0, 1, 2], [1, 1], "rows 0 and 1 .* the same concepts"),
        ([0, 2, 3, 5], [0, 1, 1, 0, 1], "rows 0 and 2 .* the same concepts"),
        ([0, 0, 1, 1], [0], "rows 0 and 2 .* the same concepts"),
        ([0, 1], [3], "outside 0 to 2"),
        ([0, 1], [-1], "outside 0 to 2"),
        ([0, 2, 1], [0], "do not rise"),
        (np.array([0, 2, 1], np.uint64), [0], "do not rise"),
        ([0, 2**62, -(2**62), 1], [0], "do not rise"),
        ([0, -(2**63), 2**63 - 1, 1], [0], "do not rise"),
        ([0, 2], [0], "do not rise"),
        ([1, 1], [0], "do not rise"),
        ([], [], "must be integers with 1 axes"),
        ([0.0, 1.0], [0], "must be integers with 1 axes, not float64"),
        ([0, 1], [0.0], "must be integers with 1 axes, not float64"),
        ([[0, 1]], [0], "must be integers with 1 axes"),
        ([0, 1], [2**40], "beyond 32 bits"),
    ],
)
def test_concept_rows_that_are_none_are_refused(indptr, indices, message):
    with pytest.raises(DataError, match=message):
        ConceptRows(("a", "b", "c"), ("",) * 3, np.array(indptr), np.array(indices))


def test_rows_may_be_empty_or_start_below_the_end_of_the_one_before():
    rows = ConceptRows(("a", "b"), ("", ""), np.array([0, 0, 2, 3, 4]), np.array([0, 1, 0, 1]))
    assert rows.dense().astype(int).tolist() == [[0, 0], [1, 1], [1, 0], [0, 1]]


def test_rows_that_are_given_to_a_builder_unsorted_are_refused():
    for row in ((1, 0), (0, 0)):
        builder = CellBuilder(["a", "b"], ["", ""], ["u"])
        builder.add([row], np.array([1]), np.array([[1]]))
        with pytest.raises(DataError, match="ascending, each once"):
            builder.cells()


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
        ({"concepts": ONE, "neurons": ONE, "concept_names": [""]}, "is empty"),
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
    names = ["AND", "not", "()", "a b", "<script>", "=1+1", "x" * 1000]
    cells = from_arrays(np.eye(7, dtype=bool), np.ones((7, 1), bool), concept_names=names)
    for name in names:
        found = Problem.of(cells, 0).explain(parse(str(parse('"' + name + '"')), names))
        assert found.formula_points == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_the_rows_of_each_concept_are_the_same_sorted_and_compiled(seed):
    rows = from_arrays(*random_points(seed)).concepts
    starts, found = rows.by_column
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("compexact.solver.cells.SOON_SORTED", 0)
        compiled = replace(rows).by_column
    assert np.array_equal(starts, compiled[0])
    assert np.array_equal(found, compiled[1])
    assert found.dtype == compiled[1].dtype == starts.dtype == np.int64
