"""Copy-paste adversarial examples for text (Mu and Andreas 2020, section 7): small edits that a formula suggests.

A unit's formula says when the unit is on, its class weights what that argues for.  So pairs are edited until the
formula holds (goal `on`) or fails (goal `off`), with as few words changed as `edit_search.py` finds; the model is
asked again; and pairs whose predicted label changes are kept.  Whether the formula holds after the edit is counted from
the edited tokens, whether the unit is on is read from the model.

An edit is a proposal.  Whether the *true* label changed too is for people to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.datasets.files import read_table
from ...probes.hypernyms import members_of, without_hypernyms
from ...probes.nli.evaluation import probabilities
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...probes.text.language import AnalysedPair
from ...probes.text.lines import existing_file
from ...solver.errors import DataError, UsageError
from ...solver.formula import Formula
from ...solver.parsing import parse
from .edit_moves import Lexicon, changed_words
from .edit_search import smallest_edit
from .pair_formulas import ConceptReader
from .unit_findings import UnitFinding

NOTE = "Edits are proposals: whether the true label changed too is for people to say."
GOALS = ("on", "off")
PAPER_EDITS = Path(__file__).with_name("data") / "paper_edits.tsv"
EDIT_COLUMNS = ("source", "label", "premise", "hypothesis", "edited_label", "edited_premise", "edited_hypothesis")

Tokens = Sequence[str]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of pairs.

    logits: float32 (n, n_classes).  active: bool (n, n_units), which units of the probe are on; None: not known.
    """

    logits: np.ndarray
    active: np.ndarray | None = None

    @property
    def probabilities(self) -> np.ndarray:
        """float64 (n, n_classes): softmax of the logits."""
        return probabilities(self.logits)


Ask = Callable[[Sequence[Tokens], Sequence[Tokens]], Answers]
"""(premises, hypotheses), both as tokens -> what the model says, in their order."""


@dataclass(frozen=True)
class EditSettings:
    """How many edits are tried and kept.

    Pairs are spread evenly over the file.  most_words: edits that change more are dropped.
    """

    pairs_per_unit: Annotated[int, typer.Option(help="Tried for each unit, on and off.")] = 40
    most_words: int = 4
    keep: Annotated[int, typer.Option(help="Listed for each unit, on and off.")] = 3
    goals: tuple[str, ...] = GOALS

    def __post_init__(self) -> None:
        for name in ("pairs_per_unit", "most_words", "keep"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}")
        if not self.goals or not set(self.goals) <= set(GOALS):
            raise UsageError(f"goals are {' and '.join(GOALS)}, not {', '.join(self.goals)!r}")


@dataclass(frozen=True)
class Edit:
    """A pair before and after an edit that changed the predicted label.

    pair: its place in the probe.  gold: its label before the edit, None where there is none.  words_changed: see
    `changed_words`.  formula_*: whether the formula holds; unit_*: whether the unit is on (None: not known).
    as_argued: whether the label moved as the unit's weights say: to the class that it argues for where the unit
    was to go on, away from it where it was to go off; None without weights.
    """

    unit: str
    formula: str
    goal: str
    argues_for: str | None
    pair: int
    gold: str | None
    premise_before: str
    premise_after: str
    hypothesis_before: str
    hypothesis_after: str
    words_changed: int
    prediction_before: str
    prediction_after: str
    probabilities_before: tuple[float, ...]
    probabilities_after: tuple[float, ...]
    formula_before: bool
    formula_after: bool
    unit_before: bool | None
    unit_after: bool | None
    as_argued: bool | None


@dataclass(frozen=True)
class Tried:
    """What became of the edits for a goal of a unit.

    tried: pairs for which an edit made the formula do as wanted.  switched: of these, those on which the unit did so
    too (None: not known).  flipped: those whose predicted label changed.  as_argued: of these, as in `Edit`.
    """

    unit: str
    goal: str
    tried: int
    switched: int | None
    flipped: int
    as_argued: int | None


@dataclass(frozen=True)
class Edits:
    """Edits that changed the predicted label, and how many were tried.  note: to be shown with them."""

    kept: tuple[Edit, ...]
    tried: tuple[Tried, ...]
    note: str = NOTE

    def rows(self) -> list[dict[str, Any]]:
        """A row per edit."""
        return [vars(edit) for edit in self.kept]

    def tried_rows(self) -> list[dict[str, Any]]:
        """A row per unit and goal."""
        return [vars(tried) for tried in self.tried]


@dataclass(frozen=True, eq=False)
class Editor:
    """All that edits need of a probe.

    probe, analysed: the probe and its pairs, in its order.  reader: what its concepts mean.  ask: its model.
    """

    probe: Probe
    analysed: Sequence[AnalysedPair]
    reader: ConceptReader
    ask: Ask

    def __post_init__(self) -> None:
        n_probed = len(self.probe.inputs.targets)
        if len(self.analysed) != n_probed:
            raise DataError(f"{len(self.analysed):,} pairs, but the probe was made of {n_probed:,}")

    def formula(self, unit: UnitFinding) -> Formula:
        """The unit's, of concepts that the reader knows."""
        return without_hypernyms(parse(unit.formula), members_of(self.probe))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the model's classes."""
        return self.probe.inputs.classes


def propose_edits(
    editor: Editor,
    units: Sequence[UnitFinding],
    settings: EditSettings | None = None,
    *,
    on_progress: Progress = silent,
) -> Edits:
    """Edits for every unit (`findings.unit_findings` gives them) and goal.

    Fewest changed words first, then those that move the label as the unit argues, then the file's order.
    """
    settings = settings or EditSettings()
    lexicon = Lexicon.of(editor.analysed)
    kept: list[Edit] = []
    tried: list[Tried] = []
    for done, unit in enumerate(units, start=1):
        for goal in settings.goals:
            found, counts = _edits_of(editor, lexicon, unit, goal, settings)
            kept += found
            tried.append(counts)
        on_progress("editing pairs", done, len(units))
    return Edits(tuple(kept), tuple(tried))


def _edits_of(
    editor: Editor, lexicon: Lexicon, unit: UnitFinding, goal: str, settings: EditSettings
) -> tuple[list[Edit], Tried]:
    formula, wanted = editor.formula(unit), goal == "on"
    edited: dict[int, AnalysedPair] = {}
    for place in _places(editor, formula, wanted, settings.pairs_per_unit):
        after = smallest_edit(formula, wanted, editor.analysed[place], editor.reader, lexicon)
        if after is not None and changed_words(editor.analysed[place], after) <= settings.most_words:
            edited[place] = after
    if not edited:
        return [], Tried(unit.unit, goal, 0, None, 0, None)
    pairs = [*(editor.analysed[place] for place in edited), *edited.values()]
    answers = editor.ask([pair.premise.tokens for pair in pairs], [pair.hypothesis.tokens for pair in pairs])
    edits = [
        _edit(editor, unit, goal, place, after, answers, number, number + len(edited))
        for number, (place, after) in enumerate(edited.items())
    ]
    flipped = [edit for edit in edits if edit.prediction_before != edit.prediction_after]
    known = answers.active is not None
    counts = Tried(
        unit=unit.unit,
        goal=goal,
        tried=len(edits),
        switched=sum(edit.unit_before != wanted == edit.unit_after for edit in edits) if known else None,
        flipped=len(flipped),
        as_argued=sum(bool(edit.as_argued) for edit in flipped) if unit.argues_for else None,
    )
    flipped.sort(key=lambda edit: (edit.words_changed, not edit.as_argued, edit.pair))
    return flipped[: settings.keep], counts


def _places(editor: Editor, formula: Formula, wanted: bool, most: int) -> list[int]:
    """Pairs where the formula does not do as wanted yet, spread evenly over the file."""
    holds = editor.probe.cells.concepts.mask(formula)[editor.probe.inputs.point_cells]
    places = np.flatnonzero(holds != wanted)
    if len(places) > most:
        places = places[np.linspace(0, len(places) - 1, most).astype(int)]
    return [int(place) for place in places]


def _edit(
    editor: Editor, unit: UnitFinding, goal: str, place: int, after: AnalysedPair, answers: Answers, old: int, new: int
) -> Edit:
    before, formula, column = editor.analysed[place], editor.formula(unit), editor.probe.cells.unit(unit.unit)
    shares = answers.probabilities[[old, new]]
    first, second = (editor.classes[int(row.argmax())] for row in shares)
    states = (None, None) if answers.active is None else tuple(bool(answers.active[i, column]) for i in (old, new))
    target = {"on": second, "off": first}[goal]
    gold = editor.probe.inputs.targets[place]
    return Edit(
        unit=unit.unit,
        formula=unit.formula,
        goal=goal,
        argues_for=unit.argues_for,
        pair=place,
        gold=gold,
        premise_before=" ".join(before.premise.tokens),
        premise_after=" ".join(after.premise.tokens),
        hypothesis_before=" ".join(before.hypothesis.tokens),
        hypothesis_after=" ".join(after.hypothesis.tokens),
        words_changed=changed_words(before, after),
        prediction_before=first,
        prediction_after=second,
        probabilities_before=tuple(float(share) for share in shares[0]),
        probabilities_after=tuple(float(share) for share in shares[1]),
        formula_before=editor.reader.formula_holds(formula, before),
        formula_after=editor.reader.formula_holds(formula, after),
        unit_before=states[0],
        unit_after=states[1],
        as_argued=None if unit.argues_for is None else first != second and target == unit.argues_for,
    )


def evaluate_edits(file: Path, ask: Ask, classes: Sequence[str]) -> list[dict[str, Any]]:
    """A file of pairs before and after an edit, put to the model: a row per pair, with both predictions.

    The file has tabs between the columns of `EDIT_COLUMNS`, and a header; sentences are tokens with blanks between
    them, labels what people say of the pair before and after.  `data/paper_edits.tsv` comes along: seven pairs of
    our own after those of the paper's Figures 6 and 9, not its sentences.
    """
    rows = _read_edits(file)
    sides = [[row[name].split() for row in rows] for name in ("premise", "edited_premise")]
    others = [[row[name].split() for row in rows] for name in ("hypothesis", "edited_hypothesis")]
    shares = ask([*sides[0], *sides[1]], [*others[0], *others[1]]).probabilities
    evaluated = []
    for number, row in enumerate(rows):
        before, after = shares[number], shares[number + len(rows)]
        first, second = (classes[int(share.argmax())] for share in (before, after))
        evaluated.append(
            row
            | {"prediction": first, "edited_prediction": second, "flipped": first != second}
            | {"right": first == row["label"], "edited_right": second == row["edited_label"]}
            | {"probabilities": before.tolist(), "edited_probabilities": after.tolist()}
        )
    return evaluated


def _read_edits(file: Path) -> list[dict[str, str]]:
    rows = read_table(existing_file(file, "a file of edited pairs"), EDIT_COLUMNS, "\t", quoted=False)
    if not rows:
        raise DataError(f"{file} holds no pair")
    for row in rows:
        if empty := [name for name in EDIT_COLUMNS if not row.cells[name]]:
            raise DataError(f"{row.where}: {empty[0]} is empty")
    return [{name: row.cells[name] for name in EDIT_COLUMNS} for row in rows]
