"""The language of formulas, and the searches over it: numpy, compiled loops, and scipy for one bound.

from compexact import solver

cells = solver.from_arrays(concepts, neurons, concept_names=["water", "river", "blue"])
result = solver.beam_search(solver.Problem.of(cells, "0"), max_length=3)
print(result)

All of it is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from .later import later

if TYPE_CHECKING:
    from .arrays import from_arrays
    from .beam import beam_search
    from .ceilings import ceiling
    from .cells import CellBuilder, Cells, ConceptRows, merge
    from .certify import certified, certified_claim
    from .error_weights import ErrorWeights
    from .errors import CompexactError, DataError, DisagreementError, UsageError
    from .exact import exact_search
    from .exhaustive import brute_force_search
    from .explanation import Explanation
    from .formula import And, Atom, Formula, Not, Or, is_chain, to_latex
    from .local.local_search import local_search
    from .logic import are_equivalent, negation_normal_form, simplify, to_sympy
    from .metrics import METRICS
    from .parsing import FormulaError, parse
    from .problem import Problem
    from .reference import reference_beam_search
    from .result import SearchResult, Status

__all__ = [
    "METRICS", "And", "Atom", "CellBuilder", "Cells", "CompexactError", "ConceptRows", "DataError",
    "DisagreementError", "ErrorWeights", "Explanation", "Formula", "FormulaError", "Not", "Or", "Problem",
    "SearchResult", "Status", "UsageError", "are_equivalent", "beam_search", "brute_force_search",
    "ceiling", "certified", "certified_claim", "exact_search", "from_arrays", "is_chain", "local_search", "merge",
    "negation_normal_form", "parse", "reference_beam_search", "simplify", "to_latex", "to_sympy",
]  # fmt: skip

__getattr__ = later(
    __name__,
    {
        "from_arrays": "arrays",
        "beam_search": "beam",
        "ceiling": "ceilings",
        "CellBuilder": "cells",
        "Cells": "cells",
        "ConceptRows": "cells",
        "merge": "cells",
        "certified": "certify",
        "certified_claim": "certify",
        "ErrorWeights": "error_weights",
        "CompexactError": "errors",
        "DataError": "errors",
        "DisagreementError": "errors",
        "UsageError": "errors",
        "exact_search": "exact",
        "brute_force_search": "exhaustive",
        "Explanation": "explanation",
        "And": "formula",
        "Atom": "formula",
        "Formula": "formula",
        "Not": "formula",
        "Or": "formula",
        "is_chain": "formula",
        "to_latex": "formula",
        "local_search": "local.local_search",
        "are_equivalent": "logic",
        "negation_normal_form": "logic",
        "simplify": "logic",
        "to_sympy": "logic",
        "METRICS": "metrics",
        "FormulaError": "parsing",
        "parse": "parsing",
        "Problem": "problem",
        "reference_beam_search": "reference",
        "SearchResult": "result",
        "Status": "result",
    },
)
