"""Why somebody is not let in, or may not have what they ask for. Each text may be shown."""

from __future__ import annotations


class IdentityError(ValueError):
    """What was asked for is not possible."""

    problem_code = "identity_refused"


class SignInRefusedError(IdentityError):
    """The proof does not hold. `field` is the form's field that it belongs to."""

    problem_code = "sign_in_refused"
    problem_status = 403

    def __init__(self, text: str, field: str = "signature") -> None:
        super().__init__(text)
        self.field = field


class ProofUnavailableError(RuntimeError):
    """The proof cannot be judged now; nobody is let in."""

    problem_code = "unavailable"
    problem_status = 503
    retryable = True


class TooManyTriesError(IdentityError):
    """Wait, then try again."""

    problem_code = "rate_limited"
    problem_status = 429
    retryable = True

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds // 60 or 1} minute(s), then try again.")
        self.retry_after_seconds = seconds


class StepUpRequiredError(IdentityError):
    """A delicate step by somebody whose latest log-in is not of the last ten minutes."""

    problem_code = "step_up_required"
    problem_status = 403
    problem_title = "Show that it is you"

    def __init__(self) -> None:
        super().__init__(
            "This step needs a proof of the last 10 minutes. Open /login/again in the browser of "
            "this session, prove it there, then repeat the request: nothing was changed."
        )


class TokenRefusedError(ValueError):
    """Unknown, revoked, expired, from elsewhere or of the wrong kind: which of them is not
    said."""
