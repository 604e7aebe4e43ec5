"""Check certificates: proofs that no formula of a space, of at most N concepts, has an IoU above a bound.

This folder shares no code with the searches.  It needs the standard library and numpy, and counts everything anew.
One file per kind of proof, which begins with the reason why it proves something; `PROOFS` lists the kinds.
"""

from .checker import PROOFS, Verdict, check
from .claim import seal
from .digest import digest
from .errors import CertificateError, Undecided

__all__ = ["PROOFS", "CertificateError", "Undecided", "Verdict", "check", "digest", "seal"]
