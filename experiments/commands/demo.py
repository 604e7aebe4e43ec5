"""`compexact demo`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import ForceOption, FormatOption, SeedOption


def demo(
    what: Annotated[str, typer.Argument(help="vision, nli or tokens.")] = "vision",
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")] = Path("compexact-demo"),
    images: Annotated[int, typer.Option(help="vision: how many pictures to draw.")] = 360,
    pairs: Annotated[int, typer.Option(help="nli: how many sentence pairs to train on.")] = 6000,
    sentences: Annotated[int, typer.Option(help="tokens: how many sentences to train on, and to probe on.")] = 1500,
    seed: SeedOption = 0,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """The whole path on a world made on the spot; no download.

    compexact demo vision -o demo
    compexact demo nli -o demo-nli
    compexact demo tokens -o demo-tokens
    """
    from ...solver.errors import UsageError

    if what == "vision":
        from ..demo.vision_demo import demo_vision

        demo_vision(output, n_images=images, seed=seed, force=force, format_name=format)
    elif what == "nli":
        from ..demo.nli_demo import demo_nli

        demo_nli(output, n_pairs=pairs, seed=seed, force=force, format_name=format)
    elif what == "tokens":
        from ..demo.tokens_demo import demo_tokens

        demo_tokens(output, n_sentences=sentences, seed=seed, force=force, format_name=format)
    else:
        raise UsageError(f"there are demos of vision, nli and tokens, not of {what!r}")
