"""What a certificate says: the JSON text, read with suspicion."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .errors import CertificateError

MAX_BYTES = 1 << 26
MAX_LENGTH = 64
FORMAT = 2
KEYS = {"format", "digest", "space", "unit", "max_length", "formula", "iou", "bound", "proof", "content", "seal"}
SPACES = ("chain", "tree")


@dataclass(frozen=True)
class Claim:
    """A formula with its IoU, and a bound for all formulas of the space of at most `max_length` concepts.

    formula: a concept's column, or `["AND" | "OR", part, part, ...]`, or `["NOT", column]`.
    proof: the name of a kind (`checker.PROOFS`); content: what that kind needs.
    """

    space: str
    max_length: int
    formula: Any
    iou: Fraction
    bound: Fraction
    proof: str
    content: Any


def seal(content: dict[str, Any]) -> str:
    """SHA-256 of everything else in the certificate."""
    rest = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_claim(certificate: str | bytes, cells_digest: str) -> Claim:
    """The claim; `CertificateError` where the text is none, is damaged, or is about other cells."""
    if not isinstance(certificate, str | bytes):
        raise CertificateError(f"not a certificate: {type(certificate).__name__}")
    if len(certificate) > MAX_BYTES:
        raise CertificateError(f"{len(certificate):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        content = json.loads(certificate)
        fitting = seal(content) if isinstance(content, dict) else ""
    except (ValueError, RecursionError) as error:
        raise CertificateError(f"not a certificate: {type(error).__name__}") from None
    if not isinstance(content, dict) or set(content) != KEYS:
        raise CertificateError("not a certificate: its keys are not those of a certificate")
    if content["seal"] != fitting:
        raise CertificateError("damaged: the seal does not fit the content")
    if type(content["format"]) is not int or content["format"] != FORMAT:
        raise CertificateError(f"only format {FORMAT} can be checked")
    if content["space"] not in SPACES:
        raise CertificateError(f"the space must be one of {', '.join(SPACES)}")
    if not isinstance(content["proof"], str):
        raise CertificateError("the proof is named by no text")
    length = content["max_length"]
    if type(length) is not int or not 1 <= length <= MAX_LENGTH:
        raise CertificateError(f"the length must be from 1 to {MAX_LENGTH}")
    if content["digest"] != cells_digest:
        raise CertificateError("the certificate is for other cells, another unit or other concepts: digests differ")
    iou, bound = _fraction(content["iou"]), _fraction(content["bound"])
    if bound < iou:
        raise CertificateError(f"the bound {bound} is below the formula's IoU {iou}")
    return Claim(content["space"], length, content["formula"], iou, bound, content["proof"], content["content"])


def _fraction(pair: Any) -> Fraction:
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(part) is int for part in pair)):
        raise CertificateError("a fraction must be two integers")
    if not 0 <= pair[0] <= pair[1] < 2**63 or pair[1] == 0:
        raise CertificateError(f"{pair} is not a fraction from 0 to 1")
    return Fraction(*pair)
