"""What a run's certificates claim, as the pages say it.  `compexact verify` checks them; this only reads the claim."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...probes.json_text import strict_json
from ...probes.regular_files import MAX_TEXT, check_folder, read_regular
from ...probes.schema import formed
from ...solver.checking import PROOFS
from ...solver.checking.claim import Claim
from ...solver.errors import DataError
from ..run.proofs import is_other_file, other_claim
from ..run.reading import Run, answer_of
from ..run.schema import CertificateFile


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
        return PROOFS[self.proof].says if self.proof in PROOFS else ""


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
        content = formed(CertificateFile, strict_json(text))
    except OSError:
        return CertificateNote(file, "?", "the file is missing")
    except (DataError, ValueError):
        return CertificateNote(file, "?", "the file is damaged")
    line = answer_of(record)
    fractions = Fraction(*content.iou), Fraction(*content.bound)
    claim = Claim(content.space, content.max_length, content.formula, *fractions, content.proof, content.content)
    if content.unit != record["unit"] or other_claim(line, claim):
        return CertificateNote(file, content.proof, "it claims something else than the run's line")
    other = "it is not the file that was kept with the run's line" if is_other_file(record, text) else None
    return CertificateNote(file, content.proof, other)
