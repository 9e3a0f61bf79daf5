"""V: the offline verifiers, run as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from tests.attacks.database import AUDIT
from tests.attacks.rows import FIELDS
from tests.attacks.scene import Scene
from tests.unit.verify.exports import POLICY_FILE, SCRIPTS, USDC, forged
from tests.unit.verify.forgeries import FORGED
from treasury.selectors.audit import export_lines, verify_chain

REFUSED = 2
EACH_MAX = 3
"""Forgeries of one attack that are run as processes; all of them are tried in `tests/unit`."""
CHANGED: dict[str, Any] = {
    "ATK-1": ("to", USDC),
    "ATK-2": ("value", "1"),
    "ATK-3": ("data", "0x"),
    "ATK-4": ("operation", 0),
    "ATK-5": ("safe_tx_gas", "1"),
    "ATK-6": ("base_gas", "1"),
    "ATK-7": ("gas_price", "1"),
    "ATK-8": ("gas_token", USDC),
    "ATK-9": ("refund_receiver", USDC),
    "ATK-10": ("nonce", "8"),
}
assert len(CHANGED) == len(FIELDS)


def run(program: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-I", "-S", str(SCRIPTS / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


def judged(folder: Path, document: Any) -> int:
    path = folder / "export.json"
    path.write_text(json.dumps(document))
    return run("verify_safe_tx.py", "--policy", str(POLICY_FILE), str(path))[0]


def changed_field(name: str, folder: Path) -> str:
    document = forged()
    field, value = CHANGED[name]
    document["safe_transaction"]["fields"][field] = value
    code = judged(folder, document)
    assert code == REFUSED, code
    return f"exit {code}"


def changed_calls(name: str, folder: Path) -> str:
    makers = [make for key, (make, _) in FORGED.items() if key.split()[0] == name]
    assert makers, name
    codes = {judged(folder, make()) for make in makers[:EACH_MAX]}
    assert codes == {REFUSED}, codes
    return f"exit {REFUSED}"


def audit_changed(scene: Scene, name: str, folder: Path) -> str:
    verdict = verify_chain()
    anchors = folder / "anchors.txt"
    anchors.write_text(f"{verdict.last_id}:{verdict.last_hash}\n")
    scene.as_owner("audit_event", AUDIT[name], None)  # type: ignore[arg-type]
    export = folder / "audit.jsonl"
    export.write_text("".join(f"{line}\n" for line in export_lines()))
    alone, _ = run("verify_audit.py", str(export))
    code, shown = run("verify_audit.py", str(export), "--anchors", str(anchors))
    is_seen = name in {"ATK-37", "ATK-38"}
    assert alone == (REFUSED if is_seen else 0), alone
    assert code == REFUSED, shown
    assert connection.in_atomic_block
    return f"exit {code}, found by the {'chain' if is_seen else 'anchor'}"


SIGNING: dict[str, Callable[[str, Path], str]] = {
    **dict.fromkeys(CHANGED, changed_field),
    **{f"ATK-{number}": changed_calls for number in (*range(11, 27), 36)},
}
