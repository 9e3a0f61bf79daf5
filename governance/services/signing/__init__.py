"""What people are asked to sign."""

from governance.services.signing.board import Board, signature_board
from governance.services.signing.packages import package
from governance.services.signing.requests import (
    Asked,
    SigningRequest,
    asked_for,
    signing_requests,
)

__all__ = [
    "Asked",
    "Board",
    "SigningRequest",
    "asked_for",
    "package",
    "signature_board",
    "signing_requests",
]
