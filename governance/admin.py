"""Rows of governance, to look at. See `treasury.admin`. People and tokens are left out: what they
may do is changed by commands that leave an audit row."""

from __future__ import annotations

from django.contrib import admin

from governance.models import Approval, Halt, PolicyApproval, Proposal
from treasury.admin import ReadOnlyAdmin

admin.site.register([Approval, Halt, PolicyApproval, Proposal], ReadOnlyAdmin)
