"""What people are asked to sign."""

from governance.services.signing.packages import package
from governance.services.signing.requests import (
    Asked,
    SigningRequest,
    asked_for,
    signing_requests,
)

__all__ = ["Asked", "SigningRequest", "asked_for", "package", "signing_requests"]
