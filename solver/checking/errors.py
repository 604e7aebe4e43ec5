"""What a checker says when it is not convinced."""


class CertificateError(Exception):
    """The certificate does not prove what it claims, or is not a certificate."""


class Undecided(CertificateError):
    """The checker cannot tell: the numbers are too large for it, or it may not work so long."""
