"""How files and models spell the relation of two sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...solver.errors import DataError, did_you_mean
from .lines import existing_file, numbered_lines
from .pairs import LABELS, NOT_ENTAILMENT

NO_LABEL = "-"
"""What SNLI writes where the annotators did not agree."""

NONE = (NO_LABEL, "-1", "hidden", "null", "none", "nan", "no_gold_label")
"""What files have where there is no label, or where it is kept secret."""

TWO_CLASSES = ("entailment", NOT_ENTAILMENT)
SPELLINGS = {
    **{label: label for label in (*LABELS, NOT_ENTAILMENT)},
    **dict.fromkeys(("non-entailment", "non_entailment", "not-entailment", "nonentailment"), NOT_ENTAILMENT),
    **{"e": LABELS[0], "n": LABELS[1], "c": LABELS[2], "entails": LABELS[0], "contradicts": LABELS[2]},
}
NUMBERS = ("0", "1", "2")
"""Labels as Hugging Face's sets write them; what they mean is told by all of a file's together (`named`)."""

Names = Mapping[str, str | None]
"""What a user says that spellings mean, in lower case; None for no label."""


def label_of(text: str, field: str, where: str, names: Names | None = None) -> str | None:
    """The label that `text` spells, in any letter case; None where it says that there is none.

    One of the three relations, `not_entailment`, or one of `NUMBERS`.  DataError for anything else.
    """
    label = text.strip().lower()
    if names and label in names:
        return names[label]
    if label in NONE:
        return None
    if label in NUMBERS:
        return label
    if label not in SPELLINGS:
        found = f"{text[:40]!r} is no label" if label else "is empty"
        known = f"labels are {', '.join(LABELS)}, {NOT_ENTAILMENT}, and {NO_LABEL} where there is none"
        hint = did_you_mean(label, (*LABELS, NOT_ENTAILMENT)) or "; --labels FILE says what others mean"
        raise DataError(f"{where}: {field} {found}; {known}{hint}")
    return SPELLINGS[label]


def named(labels: Sequence[str | None], columns: Sequence[str], source: str) -> tuple[list[str | None], str]:
    """The labels with names for numbers, and a note on what they were taken for; "" where there are none.

    columns: of the file.  Raises `DataError` where the numbers could be of two classes or of three.
    """
    numbers = sorted({label for label in labels if label in NUMBERS})
    if not numbers:
        return list(labels), ""
    if "heuristic" in columns and "2" not in numbers:  # HANS
        meaning: tuple[str, ...] = TWO_CLASSES
    elif "2" in numbers:
        meaning = LABELS
    else:
        raise DataError(
            f"{source}: the labels are the numbers {' and '.join(numbers)} alone, as sets of two classes and of three "
            "have them; say what they mean: --labels FILE with lines such as 0 entailment"
        )
    names = dict(zip(NUMBERS, meaning))
    said = ", ".join(f"{number} as {name}" for number, name in names.items())
    return [names.get(label, label) if label else None for label in labels], (
        f"Labels are numbers; {said} (--labels FILE says otherwise)."
    )


def read_names(path: Path) -> dict[str, str | None]:
    """A file of two words a line: a spelling, and the label that it means, or `-` for none."""
    names: dict[str, str | None] = {}
    for number, line in numbered_lines(existing_file(path, "a file of label names")):
        words = line.replace("\t", " ").replace(",", " ").split()
        if words and len(words) != 2:
            raise DataError(f"{path} line {number}: {line.strip()[:60]!r} is not of the form SPELLING LABEL")
        if words:
            names[words[0].lower()] = label_of(words[1], "the label", f"{path} line {number}")
    return names


def for_classes(labels: Sequence[str | None], classes: Sequence[str]) -> list[str | None] | None:
    """The labels as a model's classes name them; None where they cannot be told apart by these.

    A model of two classes calls neutral and contradictory pairs `not_entailment`.  Single letters are no names.
    """
    spelled = {SPELLINGS.get(name, name) if len(name) > 1 else name: name for name in classes}
    if NOT_ENTAILMENT in spelled:
        spelled = {**dict.fromkeys(LABELS[1:], spelled[NOT_ENTAILMENT]), **spelled}
    spelled |= {name: name for name in classes}
    found = [None if label is None else spelled.get(label) for label in labels]
    return found if all(new is not None for new, label in zip(found, labels) if label is not None) else None
