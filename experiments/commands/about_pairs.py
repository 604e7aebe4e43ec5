"""Questions about models of sentence pairs.  Nothing heavy is imported before one is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .experiment import OutputOption, RunArgument, RunProbeOption, ask, experiment_app, run_and_probe
from .options import WHOLE, ForceOption, FormatOption, UnitsOption


@experiment_app.command(short_help="What have the units of a sentence-pair model learnt?")
def findings(
    run: RunArgument,
    probe: RunProbeOption = None,
    heuristics: Annotated[Path | None, typer.Option(help="Your own word lists, as JSON.")] = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """What have the units of a sentence-pair model learnt: words, heuristics, and for which class do they argue?

    \b
    compexact experiment findings nli-run -o answers/findings
    """
    from ..questions.findings import findings_of

    ask(findings_of, *run_and_probe(run, probe), heuristics=heuristics, output=output, force=force, format_name=format)


@experiment_app.command(short_help="Which edits of sentences turn the prediction?  (Figs. 6, 9.)")
def edits(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The model that was probed: a folder, package.module:factory, hf:FOLDER.")],
    pairs: Annotated[Path | None, typer.Option(help="The file that was probed; its pairs are edited.")] = None,
    by_hand: Annotated[
        Path | None, typer.Option(help="Pairs before and after an edit, instead: a table, or the word `paper`.")
    ] = None,
    units: UnitsOption = None,
    vectors: Annotated[Path | None, typer.Option(help="Those of the probe's NEIGHBORS concepts.")] = None,
    spacy: Annotated[str | None, typer.Option(help="The pipeline that the probe was made with.")] = None,
    pairs_per_unit: Annotated[int, typer.Option(**WHOLE, help="Tried for each unit, on and off.")] = 40,
    keep: Annotated[int, typer.Option(**WHOLE, help="Listed for each unit, on and off.")] = 3,
    probe: RunProbeOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Which small edits of sentence pairs, suggested by a unit's formula, change the predicted label?  (Figs. 6, 9.)

    \b
    compexact experiment edits nli-run --model model --pairs dev.tsv --units 39 -o answers/edits
    compexact experiment edits nli-run --model model --by-hand paper
    """
    from .asking_edits import edits as ask_for_edits

    ask_for_edits(
        run, probe, model, pairs, by_hand, units, vectors, spacy,
        {"pairs_per_unit": pairs_per_unit, "keep": keep},
        output=output, force=force, format_name=format,
    )  # fmt: skip
