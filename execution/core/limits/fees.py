"""What we offer for gas within a policy's cap. Whole wei per unit of gas."""

from __future__ import annotations


class FeeCapError(ValueError):
    """The market asks more than the policy allows."""


def capped_fees(*, base_fee_wei: int, tip_wei: int, cap_wei: int) -> tuple[int, int]:
    """(max fee, tip): twice the base fee, room for a run of full blocks, never above the cap.
    Raises FeeCapError when base fee and tip together are above it."""
    asked = base_fee_wei + tip_wei
    if asked > cap_wei:
        raise FeeCapError(f"gas costs {asked} wei, the cap is {cap_wei}")
    return min(2 * base_fee_wei + tip_wei, cap_wei), tip_wei
