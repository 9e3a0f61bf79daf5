"""The signed file of anchors: written once per event, checked by a standard library, refused when
somebody was at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governance.adapters.anchor_file import (
    FILE_NAME,
    AnchorFileError,
    WrittenAnchor,
    append_anchor,
    create_key,
)
from governance.core.anchors import FIRST, ChainHead, digest_of, key_of_header, read_line
from tests.unit.verify.ed25519 import is_signed

AT = datetime(2026, 1, 5, 12, 0, 0, 654_321, tzinfo=UTC)
Anchor = Callable[..., WrittenAnchor]


def event_hash(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def anchor(tmp_path: Path) -> Anchor:
    create_key(tmp_path / "key.pem")

    def append(number: int, found: str = "") -> WrittenAnchor:
        head = ChainHead(number, found or event_hash(number), number)
        return append_anchor(
            folder=tmp_path / "anchors", key_file=tmp_path / "key.pem", head=head, at=AT
        )

    return append


def lines_of(folder: Path) -> list[str]:
    return (folder / "anchors" / FILE_NAME).read_text().splitlines()


def write(folder: Path, lines: list[str]) -> None:
    (folder / "anchors" / FILE_NAME).write_text("".join(f"{line}\n" for line in lines))


def test_anchor_file__three_anchors__an_outsider_checks_each_with_hashlib(
    anchor: Anchor, tmp_path: Path
) -> None:
    for number in (3, 7, 12):
        assert anchor(number).is_new
    first, *lines = lines_of(tmp_path)
    key, previous = key_of_header(first), FIRST
    for line in lines:
        found, signature = read_line(line)
        assert is_signed(key, found.message, signature)
        assert not is_signed(key, found.message + b"0", signature)
        assert found.previous == previous
        previous = digest_of(line)
    assert [read_line(line)[0].head.event_id for line in lines] == [3, 7, 12]


def test_anchor_file__the_same_event_again__is_not_written_twice(
    anchor: Anchor, tmp_path: Path
) -> None:
    line, again = anchor(3), anchor(3)
    assert (again.line, again.is_new) == (line.line, False)
    assert len(lines_of(tmp_path)) == 2


def test_anchor_file__an_event_with_another_hash__is_refused(
    anchor: Anchor, tmp_path: Path
) -> None:
    anchor(3)
    before = lines_of(tmp_path)
    with pytest.raises(AnchorFileError, match="written anew"):
        anchor(3, event_hash(99))
    assert lines_of(tmp_path) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [lines[0], lines[1].replace(":0", ":1", 1), *lines[2:]],
        lambda lines: [lines[0], lines[1].replace("count=3", "count=4"), *lines[2:]],
        lambda lines: [*lines, "13:" + event_hash(13)],
        lambda lines: lines[1:],
        lambda lines: [*lines[:-1], lines[-1].replace("count=7", "count=8")],
        lambda lines: [*lines[:-1], lines[-1].replace("7:0", "7:1", 1)],
    ],
    ids=["line out", "swapped", "hash", "count", "unsigned", "no header", "newest", "its hash"],
)
def test_anchor_file__changed_by_somebody__nothing_is_put_under_it(
    anchor: Anchor, tmp_path: Path, spoil: Callable[[list[str]], list[str]]
) -> None:
    anchor(3)
    anchor(7)
    changed = spoil(lines_of(tmp_path))
    write(tmp_path, changed)
    with pytest.raises(AnchorFileError, match="was changed"):
        anchor(12)
    assert lines_of(tmp_path) == changed


def test_anchor_file__another_key__begins_no_second_story(anchor: Anchor, tmp_path: Path) -> None:
    anchor(3)
    (tmp_path / "key.pem").unlink()
    create_key(tmp_path / "key.pem")
    with pytest.raises(AnchorFileError, match="another key"):
        anchor(7)


def test_key_file__is_there__is_never_replaced(tmp_path: Path) -> None:
    create_key(tmp_path / "key.pem")
    before = (tmp_path / "key.pem").read_bytes()
    with pytest.raises(AnchorFileError, match="there already"):
        create_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_bytes() == before
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_key_file__missing__says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AnchorFileError, match="--new-key"):
        append_anchor(
            folder=tmp_path, key_file=tmp_path / "none.pem", head=ChainHead(1, FIRST, 1), at=AT
        )
