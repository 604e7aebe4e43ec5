"""What a checker says when it is not convinced."""


class CertificateError(Exception):
    """The certificate does not prove what it claims, or is not a certificate."""
