"""Limits per caller: tokens and people by who they are, everybody else by address."""

from __future__ import annotations

from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class ConfirmationThrottle(AnonRateThrottle):
    """A signature proves itself, so nobody has to sign in to bring one; garbage must not be
    free."""

    scope = "confirmation"
    rate = "30/min"


class WriteThrottle(UserRateThrottle):
    """Actions of people and tokens. Fails closed: without Redis nothing is written."""

    scope = "write"
    rate = "120/min"
