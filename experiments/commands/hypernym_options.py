"""`--hypernyms` and `--synsets`: unions of concepts as further concepts.  Nothing heavy is imported here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ...probes.hypernyms import Hypernyms
    from ...probes.shard import Shard
    from ...probes.store import Probe

WORDNET = "wordnet"


@dataclass(frozen=True)
class HypernymOptions:
    """Which hypernyms a probe gets."""

    hypernyms: Annotated[
        str | None,
        typer.Option(
            metavar="wordnet|FILE",
            help="Add unions of concepts: those below a noun of WordNet (vehicle.n.01), where it is installed or in "
            "wordnet:FOLDER; or of a table of lines name<TAB>member.",
        ),
    ] = None
    synsets: Annotated[
        Path | None, typer.Option(help="What labels mean in WordNet: lines of label<TAB>crane.n.04, or - for nothing.")
    ] = None

    def of(self, labels: Mapping[str, str], shard: Shard | None = None) -> Hypernyms | None:
        """Those of a probe of these concepts; None where none are asked for.  labels: with the category of each.

        Raises `UsageError` where the options do not go together, WordNet is missing, or a name is unknown.
        """
        from ...probes.hypernym_sources import of_file, of_wordnet, read_synsets
        from ...probes.wordnet_nouns import open_nouns
        from ...solver.errors import UsageError

        kind, colon, folder = (self.hypernyms or "").partition(":")
        if self.synsets is not None and kind != WORDNET:
            raise UsageError("--synsets goes with --hypernyms wordnet: it says what labels mean there")
        if self.hypernyms is None:
            return None
        if shard is not None:
            raise UsageError(
                "--hypernyms goes with the probe of all shards: compexact merge makes it, then compexact probe arrays "
                f"PROBE --hypernyms {self.hypernyms} -o NEW adds them"
            )
        if kind != WORDNET:
            return of_file(Path(self.hypernyms), tuple(labels))
        nouns = open_nouns(Path(folder).expanduser() if colon else None)
        return of_wordnet(nouns, labels, None if self.synsets is None else read_synsets(self.synsets))


def added(probe: Probe, hypernyms: Hypernyms | None) -> Probe:
    """The probe with them; what became of them is said on stderr."""
    if hypernyms is None:
        return probe
    from ...probes.hypernyms import with_hypernyms

    probe = with_hypernyms(probe, hypernyms)
    print(probe.about["notes"][-1], file=sys.stderr)
    return probe
