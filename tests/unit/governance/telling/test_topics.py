"""Who is told of what, and who stands in for whom."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.core.lifecycle import ProposalState
from governance.core.telling.topics import (
    AUDIENCES,
    PLAIN,
    SUBSCRIBABLE,
    Happening,
    Topic,
    stand_ins,
    topic_of,
    wants,
)
from governance.core.telling.words import OPENINGS, SUBJECTS, Facts, digest_words, words
from governance.services.moves import EVENT_KINDS

PEOPLE = st.integers(1, 6)


def test_every_topic__has_audience_subject_and_opening() -> None:
    assert set(AUDIENCES) == set(SUBJECTS) == set(OPENINGS) == set(Topic)


def test_every_end_of_a_proposal__is_told_to_somebody() -> None:
    for state, kind in EVENT_KINDS.items():
        if state in {ProposalState.PROPOSED, ProposalState.READY, ProposalState.HANDED_OVER}:
            assert topic_of(Happening(kind, state)) is None
        else:
            assert kind in PLAIN, kind


@pytest.mark.parametrize(
    ("happening", "topic"),
    [
        (Happening("proposal.updated", "COLLECTING", is_multisig=True), Topic.NEEDS_SIGNATURE),
        (Happening("proposal.updated", "COLLECTING"), Topic.NEEDS_APPROVAL),
        (Happening("proposal.updated", "DONE", "EXECUTED"), Topic.EXECUTED),
        (Happening("proposal.updated", "DONE", "FAILED"), Topic.FAILED),
        (Happening("proposal.updated", "DONE", "CANCELLED"), Topic.FAILED),
        (Happening("proposal.updated", "DONE", "RECORDED"), None),
        (Happening("proposal.updated"), None),
        (Happening("trigger.evaluated"), None),
        (Happening("halt.tripped"), Topic.HALT),
    ],
)
def test_topic_of__what_happened__what_people_are_told(
    happening: Happening, topic: Topic | None
) -> None:
    assert topic_of(happening) is topic


def test_wants__empty_list__people_what_has_a_topic_machines_everything() -> None:
    nothing: frozenset[str] = frozenset()
    assert wants(nothing, kind="halt.tripped", topic=Topic.HALT, is_machine=False)
    assert not wants(nothing, kind="trigger.evaluated", topic=None, is_machine=False)
    assert wants(nothing, kind="trigger.evaluated", topic=None, is_machine=True)


def test_wants__limited__by_topic_or_by_kind_and_nothing_else() -> None:
    for name in ("halt", "halt.tripped"):
        only = frozenset({name})
        assert name in SUBSCRIBABLE
        assert wants(only, kind="halt.tripped", topic=Topic.HALT, is_machine=True)
        assert not wants(only, kind="halt.reset", topic=Topic.HALT_ENDED, is_machine=True)


def test_stand_ins__deputy_away_too__the_deputy_s_deputy() -> None:
    told, standing = stand_ins(frozenset({1}), {1: 2, 2: 3})
    assert (told, standing) == (frozenset({3}), {3: 1})


@pytest.mark.parametrize("deputies", [{1: None}, {1: 2, 2: 1}, {1: 2, 2: None}, {1: 1}])
def test_stand_ins__nobody_at_hand__the_absentee_is_told(deputies: dict[int, int | None]) -> None:
    assert stand_ins(frozenset({1}), deputies) == (frozenset({1}), {})


@given(
    people=st.frozensets(PEOPLE),
    deputies=st.dictionaries(PEOPLE, st.none() | PEOPLE),
)
def test_stand_ins__any_deputies__never_fewer_than_one_and_nobody_invented(
    people: frozenset[int], deputies: dict[int, int | None]
) -> None:
    told, standing = stand_ins(people, deputies)
    assert bool(told) == bool(people)
    assert len(told) <= len(people)
    assert told <= people | {deputy for deputy in deputies.values() if deputy}
    assert set(standing) <= told - people
    assert all(person in deputies for person in standing.values())
    assert people - set(deputies) <= told


def test_words__names_of_people__cannot_write_lines_of_ours() -> None:
    said = words(
        Topic.HALT,
        Facts(
            treasury="Acme\r\nBcc: all@example.org",
            name="M\u2028Level: none",
            why="x\nValue: 1.00 USD",
            lines=("a\x00b\x1b[31m",),
        ),
    )
    assert "\n" not in said.subject
    assert said.subject == "Acme Bcc: all@example.org: halted by M Level: none"
    assert "\nValue: 1.00" not in said.body
    assert "\x1b" not in said.body + said.subject


def test_words__braces_in_a_name__stay_braces() -> None:
    said = words(Topic.EXECUTED, Facts(treasury="{value} {0}", value_usd=Decimal("1234.5")))
    assert said.subject == "{value} {0}: executed and booked (1,234.50 USD)"


def test_words__asked_for_something__says_how_not_to_be_fooled() -> None:
    asking = words(
        Topic.NEEDS_SIGNATURE, Facts(treasury="T", tier="core", expires_at=1_767_614_400)
    )
    assert "Deadline: 2026-01-05 12:00 UTC (block time)" in asking.body
    assert "your own bookmark" in asking.body
    assert "bookmark" not in words(Topic.EXECUTED, Facts(treasury="T")).body


def test_digest_words__one_and_many() -> None:
    assert digest_words("T", [("a", "l")]).subject == "T: 1 notice since yesterday"
    many = digest_words("T", [("a\nb", "l"), ("c", "")])
    assert many.subject == "T: 2 notices since yesterday"
    assert many.body == "- a b\n  l\n\n- c"
