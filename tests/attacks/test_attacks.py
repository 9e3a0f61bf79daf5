"""The 40 tampering attacks, each at each of its entry points (reliability reference, section 13).

Every attempt is undone before the next one, and in none of them anything was broadcast. The run
writes what it saw into docs/security.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache

from execution.core.types import Operation
from governance.selectors.conformity import findings
from tests.attacks import database, requests, verifier
from tests.attacks.rows import ATTACKS, PAIRS
from tests.attacks.scene import Scene
from tests.integration.governance.conftest import Stage
from tests.unit.verify.exports import KINDS, forged

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: written by the test run -->", "<!-- end of attacks -->"
NUMBER_OF_PAIRS = 107


@pytest.fixture
def scene(stage: Stage) -> Scene:
    stage.seeded.shift_strategy()
    proposal = stage.propose("strategic")
    stage.sweep()
    found = Scene(stage, proposal)
    found.proposal = found.fresh()
    return found


def tried(scene: Scene, name: str, entry: str, since: int, folder: Path) -> str:
    if entry == "D":
        return database.ATTEMPTS[name](scene, name, since)
    if entry == "V" and name in verifier.SIGNING:
        return verifier.SIGNING[name](name, folder)
    if entry == "V":
        return verifier.audit_changed(scene, name, folder)
    if name in requests.SIGNED:
        return requests.SIGNED[name](scene, entry, since)
    return requests.IMPORTED[name](scene, name, since)


def test_attacks__each_at_each_entry_point__ends_as_its_row_says(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for name, entry in PAIRS:
        cache.clear()  # the limits of one attempt are not those of the next
        with scene.attempt() as since:
            try:
                scene.notes[name, entry] = tried(scene, name, entry, since, tmp_path)
            except Exception as error:  # noqa: BLE001  one that fails does not hide the others
                wrong.append(f"{name} {entry}: {type(error).__name__}: {error}"[:400])
    refused, total = len(scene.notes), len(PAIRS)
    with capsys.disabled():
        print(f"\nattacks: {refused} of {total} pairs ({len(ATTACKS)} attacks)")  # noqa: T201
    assert wrong == []
    assert set(scene.notes) == set(PAIRS)
    assert (len(PAIRS), len(ATTACKS)) == (NUMBER_OF_PAIRS, 40)
    write_table(scene.notes)


def test_controls__what_section_13_lets_pass__passes(scene: Scene, tmp_path: Path) -> None:
    """Deadline leg, evidence leg, `execTransaction` with operation 1 to the pinned
    MultiSendCallOnly in a known tier Safe; one operator approves a machine's proposal
    (`test_people`)."""
    assert findings(scene.fresh()).violations == ()
    assert scene.fields.operation is Operation.DELEGATECALL
    soon = scene.stage.head().timestamp + 3_600
    for fields in (scene.fields, scene.nested(until=soon)):
        answer = scene.stage.client("sofia").post(
            "/api/v1/proposals/imports",
            {"document": requests.document_of(fields)},
            format="json",
        )
        assert answer.json()["refusals"] == []
    for kind in KINDS:
        assert verifier.judged(tmp_path, forged(kind)) == 0


def write_table(notes: dict[tuple[str, str], str]) -> None:
    """Events are counted from the beginning of the attempt, so that the table stays as it is."""
    lines = ["| id | attack | at | ends |", "|---|---|---|---|"]
    lines += [f"| {n} | {ATTACKS[n][1]} | {e} | {notes[n, e]} |" for n, e in PAIRS]
    text = SECURITY.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    whole = "\n".join([before + BEGIN, "", *lines, "", END]) + after
    if whole != text:
        SECURITY.write_text(whole)
