"""Predictions and labels are compared where they mean the same, and never where they cannot."""

import numpy as np
import pytest

from compexact.probes.nli.evaluation import evaluate
from compexact.probes.text.labels import for_classes
from compexact.solver.errors import UsageError

THREE = ("contradiction", "neutral", "entailment")


def test_classes_are_matched_by_name_and_not_by_place():
    found = evaluate(np.array([0, 2]), ["contradiction", "neutral"], THREE)
    assert (found.n_correct, found.confusion.tolist()) == (1, [[1, 0, 0], [0, 0, 1], [0, 0, 0]])


def test_a_model_of_three_classes_is_asked_for_two_where_the_labels_are():
    found = evaluate(
        np.array([0, 1, 2, 2]), ["not_entailment", "not_entailment", "not_entailment", "entailment"], THREE
    )
    assert found.classes == ("entailment", "not_entailment")
    assert found.confusion.tolist() == [[1, 0], [1, 2]]


def test_labels_of_three_relations_are_two_for_a_model_of_two():
    found = evaluate(np.array([0, 1, 0]), ["entailment", "contradiction", "neutral"], ("entailment", "non-entailment"))
    assert found.confusion.tolist() == [[1, 0], [1, 1]]


def test_classes_without_known_names_are_refused_with_the_way_to_name_them():
    for classes in (("label_0", "label_1", "label_2"), ("e", "n", "c")):
        with pytest.raises(UsageError, match="the pairs have 'neutral', too; --labels FILE"):
            evaluate(np.array([0]), ["neutral"], classes)


def test_targets_are_the_models_own_names_or_none_at_all():
    assert for_classes(["neutral", None], ("entailment", "non-entailment")) == ["non-entailment", None]
    assert for_classes(["not_entailment", "entailment"], THREE) is None
