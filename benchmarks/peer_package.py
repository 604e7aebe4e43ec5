"""The PyPI package `compositional_explanations` as a process that answers one question a line.

`peers.py` runs this in the package's own environment; it imports nothing of ours.  A question is JSON: `file`, an
.npz with `masks`, bool (n_concepts, n_images, n_points), and `neuron`, bool (n_images, n_points); `search`, `optimal`
or `beam`; `length`.  The answer has the formula as text with concept numbers, or null, and the CPU seconds of the
call; or `error`.  Every line has, in `used`, the CPU seconds of the process.
"""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import torch
from compositional_explanations import beam, optimal


def answer(question: dict) -> dict:
    with np.load(question["file"]) as arrays:
        masks, neuron = torch.from_numpy(arrays["masks"]), torch.from_numpy(arrays["neuron"])
    flat = masks.reshape(len(masks), -1).float()
    # As in the package's README: a concept counts as disjoint from itself.
    disjoint = (flat @ flat.T == 0).fill_diagonal_(True)
    given = {
        "masks": list(masks),
        "bitmaps": neuron,
        "disjoint_info": disjoint,
        "length": question["length"],
        "device": torch.device("cpu"),
        "cache_dir": None,
    }
    started = time.process_time()
    if question["search"] == "optimal":
        formula = optimal.compute_optimal_explanations(**given)
    else:
        formula = beam.compute_beam_explanations(**given, beam_size=10)
    return {"formula": None if formula is None else str(formula), "seconds": time.process_time() - started}


def main() -> None:
    torch.set_num_threads(1)
    replies = os.fdopen(os.dup(1), "w")
    # The package prints while it searches.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print(json.dumps({"used": time.process_time()}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply | {"used": time.process_time()}), file=replies, flush=True)


if __name__ == "__main__":
    main()
