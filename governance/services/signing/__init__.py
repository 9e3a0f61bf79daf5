"""What people are asked to sign."""

from governance.services.signing.requests import SigningRequest, signing_requests

__all__ = ["SigningRequest", "signing_requests"]
