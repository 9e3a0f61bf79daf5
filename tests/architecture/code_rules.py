"""House rules on one Python file: each takes a `Source` and yields what breaks it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import Source

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
# Statistics over many paths: NumPy, and nothing that is signed or booked.
MAY_USE_FLOAT = {
    "engine/backtest.py",
    "engine/kernel.py",
    "engine/stress.py",
    "engine/optimiser.py",
    "core/performance.py",
}
PURE = {"core", "engine"}
SINGLE_FILE_VERIFIERS = ("docs", "verify")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def float_in_money(source: Source) -> Iterator[str]:
    """No float literal and no `float` at all in core and engine: 0.1 + 0.2 is not 0.3."""
    parts = source.path.parts
    if len(parts) < 3 or parts[1] not in PURE or "/".join(parts[1:]) in MAY_USE_FLOAT:
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield source.at(node, f"float literal {node.value!r}")
        elif isinstance(node, ast.Name) and node.id == "float":
            yield source.at(node, "use of `float`")


def long_file(source: Source) -> Iterator[str]:
    if source.path.parts[:2] == SINGLE_FILE_VERIFIERS:
        return
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{source.path}: {lines} lines, at most {FILE_LINES_MAX}"


def long_function(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield source.at(node, f"{node.name}: {lines} lines, at most {FUNCTION_LINES_MAX}")


def import_in_function(source: Source) -> Iterator[str]:
    """It hides a cycle. Only `AppConfig.ready` has to wait until all apps are there."""
    imports = {id(node) for node in source.nodes if isinstance(node, ast.Import | ast.ImportFrom)}
    if imports <= {id(node) for node in source.tree.body}:
        return  # most files: there is no other place to look at
    ready = {
        id(node)
        for owner in source.nodes
        if isinstance(owner, ast.ClassDef)
        and any(ast.unparse(base).split(".")[-1] == "AppConfig" for base in owner.bases)
        for method in owner.body
        if isinstance(method, Function) and method.name == "ready"
        for node in ast.walk(method)
    }
    for function in source.nodes:
        if isinstance(function, Function):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in ready:
                    yield source.at(node, f"import inside {function.name}")


# ------------------------------------------------------------------------------------ ORM writes
ALWAYS_WRITES = {
    "save", "asave", "bulk_create", "abulk_create", "bulk_update", "abulk_update", "get_or_create",
    "aget_or_create", "update_or_create", "aupdate_or_create",
}  # fmt: skip
QUERYSET_METHODS = {"all", "filter", "exclude", "order_by", "select_for_update", "using", "none"}
# Spoils rows behind the service's back, as an intruder would, to see the judge notice.
INTRUDER = Path("config/local/scenarios/sabotage.py")
WRITING_SQL = ("insert", "update", "delete", "truncate", "merge", "copy")


def orm_write_outside_services(source: Source) -> Iterator[str]:
    """A row is written by one use case, under its transaction and locks: in `services/` only."""
    box = source.path.parts[1] if len(source.path.parts) > 1 else ""
    if box in {"services", "services.py"} or source.path == INTRUDER:
        return
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if is_orm_write(node, node.func) or is_writing_sql(node, node.func):
            yield source.at(node, f".{node.func.attr}( outside services/")


def is_orm_write(call: ast.Call, method: ast.Attribute) -> bool:
    """By the shape of the call: a dict's `update` takes a mapping, a QuerySet's only keywords."""
    only_keywords = not call.args and bool(call.keywords)
    if method.attr in ALWAYS_WRITES:
        return True
    if method.attr in {"create", "acreate"}:
        return only_keywords or is_queryset(method.value)
    if method.attr in {"update", "aupdate"}:
        return only_keywords
    if method.attr in {"delete", "adelete"}:
        return not call.args and not call.keywords
    return False


def is_queryset(node: ast.expr) -> bool:
    """`X.objects`, `x.children.all()`, `X.objects.filter(...)...`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in QUERYSET_METHODS or is_queryset(node.func.value)
    return isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}


def is_writing_sql(call: ast.Call, method: ast.Attribute) -> bool:
    if method.attr not in {"execute", "executemany"} or not call.args:
        return False
    statement = call.args[0]
    return (
        isinstance(statement, ast.Constant)
        and isinstance(statement.value, str)
        and statement.value.lstrip().lower().startswith(WRITING_SQL)
    )


# ------------------------------------------------------------------------------------ models
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}


def rule_in_model(source: Source) -> Iterator[str]:
    """Relations name their target by a string; no `save()` override and no signal hides effects."""
    if len(source.path.parts) < 2 or source.path.parts[1] not in {"models", "models.py"}:
        return
    for node in source.nodes:
        if isinstance(node, Function) and node.name in {"save", "delete"}:
            yield source.at(node, f"override of {node.name}()")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").endswith("signals"):
            yield source.at(node, "signals")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RELATIONS:
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            target = node.args[0] if node.args else named.get("to")
            if not isinstance(target, ast.Constant) and (
                target is None or ast.unparse(target) != "settings.AUTH_USER_MODEL"
            ):
                yield source.at(node, "relation to a class, not to a name")


FILE_RULES = (
    float_in_money,
    long_file,
    long_function,
    import_in_function,
    orm_write_outside_services,
    rule_in_model,
)
PRODUCT_ONLY = (orm_write_outside_services,)  # tests arrange rows as they please
