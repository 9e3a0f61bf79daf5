"""The repository keeps the rules on its files, and each rule catches what is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import code_rules
from tests.architecture.source import Source, product_files, python_files

Rule = Callable[[Source], Iterator[str]]


@pytest.mark.parametrize("rule", code_rules.FILE_RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    sources = product_files() if rule in code_rules.PRODUCT_ONLY else python_files()
    assert sources
    assert [broken for source in sources for broken in rule(source)] == []


LONG = "".join(f"    x = {number}\n" for number in range(code_rules.FUNCTION_LINES_MAX))
PLANTED: list[tuple[Rule, str, str]] = [
    (code_rules.float_in_money, "treasury/core/amounts.py", "X = 1.5"),
    (code_rules.float_in_money, "treasury/engine/costs.py", "def f(x): return float(x)"),
    (code_rules.float_in_money, "execution/core/types.py", "x: float"),
    (code_rules.float_in_money, "governance/core/venues/deep.py", "X = -2e3"),
    (code_rules.long_file, "treasury/core/a.py", "\n" * (code_rules.FILE_LINES_MAX + 1)),
    (code_rules.long_function, "treasury/core/a.py", f"def f():\n{LONG}"),
    (code_rules.import_in_function, "config/a.py", "def f():\n    import os"),
    (code_rules.import_in_function, "config/a.py", "async def f():\n    from os import path"),
    (code_rules.import_in_function, "config/a.py", "class A:\n  def ready(self):\n    import os"),
    (code_rules.orm_write_outside_services, "treasury/api/v.py", "Tier.objects.create(name=1)"),
    (code_rules.orm_write_outside_services, "treasury/api/v.py", "Tier.objects.create()"),
    (code_rules.orm_write_outside_services, "treasury/tasks.py", "tier.save()"),
    (code_rules.orm_write_outside_services, "treasury/tasks.py", "tier.save(update_fields=x)"),
    (code_rules.orm_write_outside_services, "config/local/a.py", "Tier.objects.all().delete()"),
    (code_rules.orm_write_outside_services, "config/local/a.py", "tier.delete()"),
    (code_rules.orm_write_outside_services, "treasury/selectors/a.py", "rows.update(name=1)"),
    (code_rules.orm_write_outside_services, "treasury/models/a.py", "m.get_or_create(a=1)"),
    (code_rules.orm_write_outside_services, "treasury/web/a.py", "c.execute('UPDATE t SET a=1')"),
    (code_rules.rule_in_model, "treasury/models/a.py", "class A:\n    def save(self): pass"),
    (code_rules.rule_in_model, "treasury/models/a.py", "from django.db.models.signals import x"),
    (code_rules.rule_in_model, "treasury/models/a.py", "x = models.ForeignKey(Tier, PROTECT)"),
    (code_rules.rule_in_model, "treasury/models/a.py", "x = OneToOneField(to=Tier)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_violation_is_caught(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(Path(path), text)))


INNOCENT: list[tuple[Rule, str, str]] = [
    (code_rules.float_in_money, "treasury/core/amounts.py", "X = Decimal('1.5') * 3"),
    (code_rules.float_in_money, "treasury/core/performance.py", "X = float('1.5')"),
    (code_rules.float_in_money, "treasury/engine/backtest.py", "X = 1.5"),
    (code_rules.float_in_money, "treasury/adapters/http.py", "TIMEOUT = 1.5"),
    (
        code_rules.import_in_function,
        "config/apps.py",
        "class A(AppConfig):\n  def ready(self):\n    from config import checks",
    ),
    (code_rules.orm_write_outside_services, "treasury/services/a.py", "tier.save()"),
    (code_rules.orm_write_outside_services, "treasury/api/v.py", "headers.update({'a': 1})"),
    (code_rules.orm_write_outside_services, "treasury/core/a.py", "digest.update(b'x')"),
    (code_rules.orm_write_outside_services, "config/health.py", "cache.delete('key')"),
    (code_rules.orm_write_outside_services, "config/a.py", "cursor.execute('SELECT 1')"),
    (code_rules.rule_in_model, "treasury/models/a.py", "x = models.ForeignKey('t.T', PROTECT)"),
    (code_rules.rule_in_model, "governance/models/a.py", "x = FK(settings.AUTH_USER_MODEL)"),
    (code_rules.rule_in_model, "treasury/services/a.py", "def save(): pass"),
]


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENT)
def test_an_innocent_line_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(Path(path), text))) == []
