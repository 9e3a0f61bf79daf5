"""The offline check of the audit chain reads what the service writes and finds every tampering; a
cut tail and a chain written anew are found by an anchor only."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.verify.exports import SCRIPTS, script
from treasury.core.canonical import canonical_bytes
from treasury.models import AuditEvent
from treasury.selectors.audit import event_hash, export_line

VERIFIER = script("verify_audit")
START = datetime(2026, 1, 5, 12, 0, 0, 123_456, tzinfo=UTC)
Line = dict[str, Any]
Check = Callable[..., tuple[int, str]]


def chain(count: int = 12, word: str = "because") -> list[Line]:
    """What `manage.py export_audit` writes, without a database."""
    previous, lines = bytes(32), []
    for number in range(1, count + 1):
        body = canonical_bytes({"actor": "tester", "reason": f"{word} \u2028 é {number}"})
        at = START + timedelta(microseconds=number)
        found = event_hash(previous=previous, event_id=number, at=at, body=body)
        event = AuditEvent(id=number, at=at, body=body, prev=previous, hash=found)
        lines.append(json.loads(export_line(event)))
        previous = found
    return lines


def anchor(lines: list[Line], number: int) -> str:
    return f"{number}:{lines[number - 1]['hash']}"


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    def run(lines: list[Line] | str, *anchors: str) -> tuple[int, str]:
        export, kept = tmp_path / "audit.jsonl", tmp_path / "anchors.txt"
        text = lines if isinstance(lines, str) else "".join(f"{json.dumps(x)}\n" for x in lines)
        export.write_text(text)
        kept.write_text("# kept by the auditor\n\n" + "\n".join(anchors))
        code = VERIFIER.main([str(export), "--anchors", str(kept)])
        return code, capsys.readouterr().out

    return run


def test_a_whole_chain_is_whole_and_names_its_anchor(check: Check) -> None:
    lines = chain()
    code, shown = check(lines)
    assert code == 0
    assert f"anchor {anchor(lines, 12)}" in shown
    assert "unproven after event 0" in shown
    assert "unproven after event 5" in check(lines, anchor(lines, 5))[1]
    code, shown = check(lines, "anchor " + anchor(lines, 12), anchor(lines, 3).replace(":", ":0x"))
    assert (code, "unproven" in shown) == (0, False)


def test_a_body_may_be_hex_or_base64(check: Check) -> None:
    lines = chain()
    lines[0]["body_hex"] = lines[0].pop("body").encode().hex()
    lines[1]["body_base64"] = base64.b64encode(lines[1].pop("body").encode()).decode()
    assert check(lines)[0] == 0


def change(number: int, **values: Any) -> Callable[[list[Line]], list[Line]]:
    return lambda lines: [x | values if x["id"] == number else x for x in lines]


TAMPERED: dict[str, tuple[Callable[[list[Line]], list[Line]], int]] = {
    "ATK-37 body": (change(7, body="{}"), 7),
    "ATK-37 time": (change(7, at=0), 7),
    "ATK-37 hash": (change(7, hash="ab" * 32), 7),
    "ATK-37 prev": (change(7, prev="ab" * 32), 7),
    "ATK-37 id": (change(7, id=70), 70),
    "ATK-37 first": (change(1, prev="ab" * 32), 1),
    "ATK-38 deleted": (lambda lines: lines[:6] + lines[7:], 8),
    "ATK-38 first deleted": (lambda lines: lines[1:], 2),
    "ATK-38 doubled": (lambda lines: [*lines[:7], *lines[6:]], 7),
    "ATK-38 swapped": (lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]], 8),
    "ATK-39 tail cut": (lambda lines: lines[:9], 12),
    "ATK-39 all cut": (lambda lines: [], 12),
    "ATK-40 written anew": (lambda lines: chain(12, "another reason"), 12),
    "ATK-40 written anew, longer": (lambda lines: chain(20, "another reason"), 12),
    "field missing": (lambda lines: [*lines[:6], {**lines[6], "at": None}, *lines[7:]], 7),
    "field too much": (change(7, body_hex=""), 7),
    "odd hash": (change(7, hash="zz"), 7),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_atk_37_to_40_are_found_with_the_first_bad_id(name: str, check: Check) -> None:
    tamper, bad_id = TAMPERED[name]
    whole = chain()
    code, shown = check(tamper(whole), anchor(whole, 12))
    assert code == 2
    assert shown.startswith(f"first bad id {bad_id}: ")


@pytest.mark.parametrize(
    "name", ["ATK-39 tail cut", "ATK-40 written anew", "ATK-40 written anew, longer"]
)
def test_without_an_anchor_a_cut_or_new_chain_is_only_called_unproven(
    name: str, check: Check
) -> None:
    tamper, _ = TAMPERED[name]
    code, shown = check(tamper(chain()))
    assert (code, "unproven after event 0" in shown) == (0, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"id": 7,', '"id": 7, "id": 7,'), ('"id": 7,', '"id": 7.0,'), ('"id": 7,', ""), ("{", "[")],
)
def test_odd_lines_are_refused(old: str, new: str, check: Check) -> None:
    text = "".join(f"{json.dumps(line)}\n" for line in chain())
    assert check(text)[0] == 0
    assert check(text.replace(old, new))[0] == 2
    assert check(text[:-50])[0] == 2


@pytest.mark.parametrize("anchors", [["12"], ["0:" + "ab" * 32], ["x:" + "ab" * 32], ["12:ab"]])
def test_an_anchor_that_cannot_be_read_is_refused(anchors: list[str], check: Check) -> None:
    assert check(chain(), *anchors)[0] == 2


def test_anchors_that_contradict_each_other_are_refused(check: Check) -> None:
    lines = chain()
    assert check(lines, anchor(lines, 12), "12:" + "ab" * 32)[0] == 2


def test_a_body_that_is_no_text_is_exported_all_the_same() -> None:
    event = AuditEvent(id=1, at=START, body=b"\xff", prev=bytes(32), hash=bytes(32))
    assert json.loads(export_line(event))["body_hex"] == "ff"


def test_it_runs_alone_with_nothing_but_the_standard_library(tmp_path: Path) -> None:
    for tail, code in (("", 0), ("{}\n", 2)):
        text = "".join(f"{json.dumps(line)}\n" for line in chain()) + tail
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", str(SCRIPTS / "verify_audit.py"), "-"],
            input=text,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, "")
