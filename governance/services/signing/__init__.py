"""What people are asked to sign."""

from governance.services.signing.board import Board, signature_board
from governance.services.signing.packages import package
from governance.services.signing.requests import SigningRequest, signing_requests

__all__ = ["Board", "SigningRequest", "package", "signature_board", "signing_requests"]
