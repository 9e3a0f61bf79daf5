"""Nobody acts on a proposal other than the one they looked at."""

from __future__ import annotations

from governance.models import Proposal


class VersionChangedError(RuntimeError):
    """The proposal moved since it was looked at. Nothing was changed; look again."""

    problem_code = "version_changed"
    problem_status = 412

    def __init__(self, current: int) -> None:
        super().__init__(f"The proposal is at version {current} now: look again before you act.")
        self.problem_members = {"version": current}


def check_version(proposal: Proposal, *, wanted: frozenset[int] | None) -> None:
    """`wanted`: the versions that the caller accepts, None for any."""
    if wanted is not None and proposal.version not in wanted:
        raise VersionChangedError(proposal.version)


def hold_version(*, proposal_id: int, wanted: frozenset[int] | None) -> None:
    """The same under the row's lock, until the caller's transaction ends. Needs one."""
    check_version(Proposal.objects.select_for_update().get(pk=proposal_id), wanted=wanted)
