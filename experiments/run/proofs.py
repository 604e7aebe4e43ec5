"""The claims of a run's lines and the certificates beside them: whether they are there, whole, and of one claim.

Only what is cheap, and needed before a line is shown as an answer.  That a certificate proves its claim is for
`compexact verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...probes.regular_files import check_folder, open_regular
from ...solver.checking import CertificateError, Verdict
from ...solver.checking.claim import MAX_BYTES, Claim, read_claim
from ...solver.checking.error_weights import Errors
from ...solver.errors import DataError
from .reading import answer_of
from .wrong_line import fraction_of


def proof_is_missing(line: Mapping[str, Any]) -> str | None:
    """Why the line's certificate does not go with what it says; None where it does.

    `optimal` always has one, and any bound of `exact`.  A bound that an outside solver proved has none.
    """
    answer = answer_of(line)
    if "certificate" in line:
        return None if answer["bound_fraction"] else "it names a certificate and states no bound"
    if answer["status"] == "optimal" or (answer["engine"] == "exact" and answer["status"] == "bounded"):
        return f"it says {answer['status']} and names no certificate"
    return None


def other_claim(answer: Mapping[str, Any], claim: Claim | Verdict) -> str | None:
    """How the certificate's claim differs from the answer's; None where it is the same.

    Where errors are weighed the certificate's IoU is that of the weighed cells.  A bound a little above its own is
    proven, too: it may have been rounded up.
    """
    errors = Errors.of(answer)
    for name in ("space", "max_length"):
        if answer[name] != getattr(claim, name):
            return f"the line's {name} is {answer[name]}, the certificate's {getattr(claim, name)}"
    if errors.iou_of(fraction_of(answer)) != claim.iou:
        return f"the line's IoU is {answer['intersection']}/{answer['union']}, the certificate's {claim.iou}"
    bound = errors.iou_of(Fraction(*answer["bound_fraction"]))
    if bound < claim.bound or (bound > claim.bound and errors.are_even):
        return f"the line's bound is {answer['bound_fraction']}, the certificate's {claim.bound}"
    if answer["status"] == "optimal" and claim.iou != claim.bound:
        return "the line says optimal, the certificate leaves a gap"
    return None


def read_certificate(file: Path, *, follow: bool = False) -> bytes:
    """The text of a certificate; `DataError` where it cannot be read.  follow: links, too, in a path of the user's."""
    try:
        if not follow:
            check_folder(file.parent)
        with open_regular(file, follow=follow) as stream:
            # One byte more than the checker takes: it says what is wrong with so large a file.
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "where it is lost, delete its unit's line and run the same command again"
        raise DataError(f"{file} cannot be read: {error.strerror}; {hint}") from None


def is_other_file(line: Mapping[str, Any], text: bytes) -> bool:
    """Whether the certificate is not the one that was kept with the line.  Lines of earlier versions cannot tell."""
    return "certificate_digest" in line and line["certificate_digest"] != hashlib.sha256(text).hexdigest()


def check_proofs(folder: Path, lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `DataError` for a line that claims a proof without the certificate of that claim."""
    for unit, line in lines.items():
        wrong = proof_is_missing(line)
        if wrong is None and "certificate" in line:
            wrong = _what_is_wrong(line, answer_of(line), read_certificate(folder / line["certificate"]))
        if wrong:
            raise DataError(f"{folder / 'units.jsonl'}, unit {unit!r}: {wrong}; delete that line and run again")


def _what_is_wrong(line: Mapping[str, Any], answer: Mapping[str, Any], text: bytes) -> str | None:
    if is_other_file(line, text):
        return f"{line['certificate']} is not the file that was kept with it"
    try:
        # Which cells it is about is for `verify`, so its own word is taken here.
        return other_claim(answer, read_claim(text, json.loads(text)["digest"]))
    except (ValueError, TypeError, KeyError, RecursionError, CertificateError):
        return f"{line['certificate']} is no certificate"
