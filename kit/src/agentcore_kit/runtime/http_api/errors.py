"""What can go wrong with an HTTP API that asking again does not help against; the rest is a ConnectionError."""

from __future__ import annotations


class Misdescribed(ValueError):
    """The description cannot be used, or code calls what it does not have; the message says what would be right."""


class Refused(Exception):
    """The API has refused a call with a status of 400 to 499.

    Attributes:
        status: The HTTP status.
        text: What the API says about it, shortened.
    """

    def __init__(self, operation: str, status: int, text: str) -> None:
        """Note operation, status, and what the API says."""
        super().__init__(f"{operation} was refused with HTTP status {status}: {text}")
        self.status, self.text = status, text


class UnexpectedAnswer(RuntimeError):
    """The answer is not what the description says, or larger than the limit."""


class CredentialsRefused(RuntimeError):
    """No token could be had with the credentials; the message says what to correct, and shows none of them."""
