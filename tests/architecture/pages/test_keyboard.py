"""Every action works by keyboard alone: each button of the templates is pressed by a browser test
that has no mouse.

A button is known by its accessible name. One that stands in several templates, or twice in one, is
pressed as often. That the tests have no mouse is read from them as well.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted(ROOT.glob("*/templates/**/*.html"))
SCRIPTS = sorted(ROOT.glob("*/static/**/*.js"))
BROWSER = ROOT / "tests" / "browser"
TESTS = [*sorted(BROWSER.glob("**/test_keyboard*.py")), BROWSER / "keyboard.py"]
BUTTON = re.compile(r'<button\b((?:[^>"]|"[^"]*")*)>(.*?)</button>', re.DOTALL)
PROOF = re.compile(r'data-wallet-proof(?:[^>"]|"[^"]*")*>')
LABEL = re.compile(r'(?:aria|data)-label="([^"]*)"')
CHOICE = re.compile(r"{%\s*if [^%]*%}(.*?)(?:{%\s*else\s*%}(.*?))?{%\s*endif\s*%}", re.DOTALL)
VARIABLE = re.compile(r"{{.*?}}")
MARKUP = re.compile(r"<[^>]*>")
MADE_BY_SCRIPT = {
    "governance/static/governance/js/sign-in.js": "",  # one for each wallet: `proofs`
    "governance/static/governance/js/confirm.js": "Other Wallet",  # one of two is chosen
}
MOUSE = {
    "click", "dblclick", "tap", "hover", "fill", "check", "uncheck", "set_checked", "focus",
    "select_option", "set_input_files", "press_sequentially", "dispatch_event", "drag_to",
}  # fmt: skip


def names() -> Iterator[str]:
    """A pattern for each button: what its template knows of the name, anything for the rest."""
    for template in TEMPLATES:
        text = template.read_text()
        for attributes, body in BUTTON.findall(text):
            label = LABEL.search(attributes)
            for said in alternatives(label[1] if label else body):
                yield pattern(said)
        for proof in PROOF.findall(text):
            label = LABEL.search(proof)
            yield pattern(f"{label[1] if label else 'Sign in with'} {{{{ wallet }}}}")
    yield from (pattern(name) for name in MADE_BY_SCRIPT.values() if name)


def alternatives(said: str) -> Iterator[str]:
    choice = CHOICE.search(said)
    if choice is None:
        yield said
        return
    for part in choice.groups(default=""):
        if part:
            yield from alternatives(said[: choice.start()] + part + said[choice.end() :])


def pattern(said: str) -> str:
    parts = VARIABLE.split(MARKUP.sub("", said).strip())
    return ".+".join(re.escape(part) for part in parts)


def pressed() -> list[str]:
    return [
        str(call.args[1].value)
        for test in TESTS
        for call in ast.walk(ast.parse(test.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "press"
        and isinstance(call.args[1], ast.Constant)
    ]


def test_buttons__each_of_every_page__are_pressed_by_keyboard() -> None:
    wanted, done = Counter(names()), pressed()
    assert len(wanted) > 40, "the templates are not read"
    missing = {
        said: count - found
        for said, count in wanted.items()
        if (found := sum(re.fullmatch(said, name) is not None for name in done)) < count
    }
    assert missing == {}, "write a keyboard test, with the button's name in press(page, name)"


def test_scripts__that_make_buttons__are_known() -> None:
    makers = {
        str(script.relative_to(ROOT))
        for script in SCRIPTS
        if 'createElement("button")' in script.read_text()
    }
    assert makers == set(MADE_BY_SCRIPT)


def test_keyboard_tests__have_no_mouse() -> None:
    found = [
        f"{test.relative_to(ROOT)}:{call.lineno} {call.func.attr}"
        for test in TESTS
        for call in ast.walk(ast.parse(test.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in MOUSE
    ]
    assert found == []
