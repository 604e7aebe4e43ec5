"""Questions about probes and runs, one file each: a function whose signature and docstring are its command, too.

`QUESTIONS` is read by `compexact experiment`, by `benchmarks/reproduce.py` and by the tests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """name: of the command, and of the module.  function: in it.  help: one line for the list of commands."""

    name: str
    function: str
    help: str

    @property
    def place(self) -> str:
        """`module:function`."""
        return f"{__name__}.{self.name}:{self.function}"


QUESTIONS = (
    Question("length", "iou_by_length", "How much better do longer explanations get?  (Figs. 3, 4.)"),
    Question("uniqueness", "shared_formulas", "How many units share their explanation?  (Appendix A.)"),
    Question("kinds", "kinds_of", "Do explanations join what belongs together?  (Section 4.)"),
    Question("accuracy", "accuracy_against_iou", "Is the model right where better units are active?  (Fig. 7.)"),
    Question("weights", "class_contributions", "Which units speak for and against a class?  (Fig. 8.)"),
    Question("layers", "layer_links", "Which units of an earlier layer go with which of a later?"),
    Question("adversarial", "adversarial", "Does a pasted patch turn the prediction?  (App. B.)"),
    Question("findings", "findings_of", "What have the units of a sentence-pair model learnt?"),
    Question("edits", "edits", "Which edits of sentences turn the prediction?  (Figs. 6, 9.)"),
    Question("heldout", "held_out_iou", "Do explanations hold on other inputs, or do they overfit?"),
    Question("controls", "against_chance", "Are explanations better than those of chance?"),
    Question("front", "error_fronts", "Which formulas does none beat in either kind of error?"),
    Question("alternatives", "equally_good", "Which other formulas are about as good as the best?"),
    Question("auc", "best_without_threshold", "Which formula goes with activations as they are?"),
    Question("sanity", "metric_checks", "Would a metric notice that labels are wrong?"),
    Question("compare", "compare_runs", "Which units have another formula in another run?"),
    Question("ranges", "explained_ranges", "Does a unit mean something else where it is weakly active?"),
    Question("ablate", "pruned", "Does the model need the units that are explained best?"),
    Question("distil", "distilled", "Can the explanations stand in for the neurons?"),
    Question("simulate", "simulated", "Does a unit tell new pictures by its formula?"),
)
"""In the order of the paper, then its questions for later, then what others ask."""
