"""How sentence-pair models are built, trained and probed.

Nothing heavy is imported: the command line reads its options off the classes, and the text at a field is its help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..fold_settings import Folds, FoldSeed, check_folds
from ..keep_settings import KeepActivations, check_keeps

RULES = ("positive", "quantile")
MODES = ("eval", "train")
VARIANTS = ("code", "paper", "minimal")
MAX_SIZE = 2**16


@dataclass(frozen=True)
class ModelSettings:
    """The architecture.

    embedding: numbers per word.  mlp: units of each hidden layer after the features (`minimal` has none).
    """

    variant: Annotated[
        str, "code (the paper's code: LSTM, BatchNorm, one layer), paper (its text: BiLSTM, two layers) or minimal."
    ] = "code"
    embedding: int = 300
    hidden: Annotated[int, "Units of each LSTM.  The paper's: 512."] = 512
    mlp: Annotated[int, "Units of the probed layer."] = 1024
    dropout: Annotated[float, "Share set to zero in training.  The paper's: 0.1."] = 0.1

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError

        if self.variant not in VARIANTS:
            raise UsageError(f"the variant is {', '.join(VARIANTS[:-1])} or {VARIANTS[-1]}, not {self.variant!r}")
        for name in ("embedding", "hidden", "mlp"):
            size = getattr(self, name)
            if not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
                raise UsageError(f"{name} is a whole number from 1 to {MAX_SIZE}, not {size!r}")
        if not isinstance(self.dropout, float | int) or not 0 <= self.dropout < 1:
            raise UsageError(f"dropout is a share from 0 to below 1, not {self.dropout!r}")


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is trained: Adam, cross-entropy.

    clip: the largest norm of a step's gradients.  min_count: words rarer than this in the training pairs are unknown.
    vectors: `tuned` (word vectors are where training starts) or `frozen`.
    """

    epochs: Annotated[int, "Maximum number of passes over the data."] = 10
    batch_size: Annotated[int, "Inputs at once."] = 64
    learning_rate: Annotated[float, "Of Adam."] = 1e-3
    patience: Annotated[int, "Stop after this many epochs without improvement on the dev pairs."] = 2
    clip: float = 5.0
    min_count: int = 1
    vectors: str = "tuned"
    time_limit: Annotated[float | None, "Seconds of wall clock; then the best so far is kept."] = None
    seed: Annotated[int, "Of what is random, if anything."] = 0
    device: Annotated[str, "cpu, cuda, mps or auto."] = "auto"

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError

        for name in ("epochs", "batch_size", "patience", "min_count"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "clip", "time_limit"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise UsageError(f"{name} must be a number above 0, not {value}")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"the seed is a whole number from 0 to 2**63 - 1, not {self.seed}")
        if self.vectors not in ("tuned", "frozen"):
            raise UsageError(f"vectors are tuned or frozen, not {self.vectors!r}")


@dataclass(frozen=True)
class NliSettings:
    """How a sentence-pair model is probed.

    layer: dotted name.  min_active: noted in the probe.  ranges: each is a unit of its own.
    mode: `train` as in the paper's code: dropout, and BatchNorm over each batch, of 16 pairs in the file's order.
    """

    layer: str
    threshold: Annotated[str, "quantile, or positive (> 0, for units after a ReLU)."] = "positive"
    quantile: Annotated[float, "Share of a unit's values above its threshold."] = 0.1
    min_active: Annotated[int, "Searches skip units active on fewer pairs."] = 500
    batch_size: Annotated[int | None, "Inputs at once.  Default: 64; 16 in mode train."] = None
    device: Annotated[str, "cpu, cuda, mps or auto."] = "auto"
    top_pairs: Annotated[int, "Pairs kept per unit for reports."] = 5
    mode: Annotated[str, "eval, or train: dropout on, in batches of 16, as in the paper's code."] = "eval"
    seed: Annotated[int, "Of what is random, if anything."] = 0
    ranges: Annotated[
        int | None, "Split each unit's values above the threshold into this many units: u@1 (lowest), ..."
    ] = None
    ranges_by: Annotated[str, "quantiles (equally many values) or kmeans."] = "quantiles"
    folds: Folds = None
    fold_seed: FoldSeed = 0
    keep_activations: KeepActivations = False

    def __post_init__(self) -> None:
        from ...solver.errors import UsageError
        from ..ranges import check_ranges

        for name, known in (("threshold", RULES), ("mode", MODES)):
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} is {' or '.join(known)}, not {value!r}")
        if not 0 < self.quantile < 1:
            raise UsageError(f"the quantile is a share between 0 and 1, such as 0.1, not {self.quantile}")
        for name, least in (("min_active", 0), ("top_pairs", 0), ("batch_size", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} must be at least {least}, not {value}")
        check_ranges(2 if self.ranges is None else self.ranges, self.ranges_by)
        check_folds(self.folds, self.fold_seed)
        check_keeps(self.keep_activations, self.ranges)
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"the seed is a whole number from 0 to 2**63 - 1, not {self.seed}")
