"""What a run's certificates claim, as the pages say it.  `compexact verify` checks them; this only reads the claim."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...probes.json_text import parse_json
from ...probes.regular_files import MAX_TEXT, check_folder, read_regular
from ...solver.errors import DataError
from ..run.folder import Run
from ..run.proofs import is_other_file

QUESTION = ("space", "max_length")
"""What a claim is about beside the unit; a certificate and a line have it alike."""

PROOFS = {
    "ceiling": "the bound is the ceiling: no Boolean function of the concepts does better",
    "sets": "all sets of concepts were gone through, with every formula over each",
    "transport": "a transport of points between cells bounds every formula",
    "prefixes": "all prefixes of chains were gone through; those left closed cannot exceed the bound",
}


@dataclass(frozen=True)
class CertificateNote:
    """A unit's certificate.

    file: its path in the run.  proof: its kind.  problem: why `compexact verify` would reject it at first sight,
    None where the claim is that of the run's line.
    """

    file: str
    proof: str
    problem: str | None

    @property
    def meaning(self) -> str:
        """The proof in a sentence's part; "" for a kind that is not known."""
        return PROOFS.get(self.proof, "")


def read_certificate(run: Run, record: Mapping[str, Any]) -> CertificateNote | None:
    """The certificate that a line of the run names; None where it names none."""
    file = record.get("certificate")
    if not isinstance(file, str):
        return None
    path = Path(os.path.abspath(run.path / file))
    if not path.is_relative_to(os.path.abspath(run.path)):
        return CertificateNote(file, "?", "it is named by a path that leads out of the run")
    try:
        check_folder(path.parent)
        text = read_regular(path, MAX_TEXT)
        content = parse_json(text, file)
        asked = (content[key] for key in ("unit", *QUESTION))
        claim = *asked, Fraction(*content["iou"]), Fraction(*content["bound"])
        proof = str(content["proof"])
    except OSError:
        return CertificateNote(file, "?", "the file is missing")
    except (DataError, ValueError, TypeError, KeyError, ZeroDivisionError):
        return CertificateNote(file, "?", "the file is damaged")
    line = record.get("exact", record)
    iou = Fraction(line["intersection"], line["union"] or 1)
    said = record["unit"], *(line[key] for key in QUESTION), iou, Fraction(*line["bound_fraction"])
    if claim != said:
        return CertificateNote(file, proof, "it claims something else than the run's line")
    other = is_other_file(record, text)
    return CertificateNote(file, proof, "it is not the file that was kept with the run's line" if other else None)
