"""Check certificates: proofs that no formula of a space, of at most N concepts, has an IoU above a bound.

This folder shares no code with the searches.  It needs the standard library and numpy, and counts everything anew.
One file per kind of proof, each with the reason why it proves something:

    ceiling    no set of cells at all does better                          checker.py
    sets       all sets of at most five concepts, and what they can do     sets.py
    transport  what N concepts cannot separate                             transport.py
    prefixes   all chains, from the last operator inwards                  prefixes.py
"""

from .checker import Verdict, check
from .claim import digest, seal
from .errors import CertificateError, Undecided

__all__ = ["CertificateError", "Undecided", "Verdict", "check", "digest", "seal"]
