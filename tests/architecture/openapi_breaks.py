"""What a caller of the old description could no longer rely on in the new one.

Additive changes only within a version: paths, methods, answers and members stay, types stay, and
nothing is newly demanded of the caller. Descriptions and order are free.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def breaks(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            there = new["paths"].get(path, {}).get(method)
            if there is None:
                yield f"{name} is gone"
            else:
                yield from _operation(name, operation, there)
    inputs = {name for name in old["components"]["schemas"] if name.endswith("Request")}
    for name, schema in old["components"]["schemas"].items():
        there = new["components"]["schemas"].get(name)
        if there is None:
            yield f"schema {name} is gone"
        else:
            yield from _schema(name, schema, there, is_input=name in inputs)


def _operation(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"{name} is called {new['operationId']} now"
    for status in old["responses"].keys() - new["responses"].keys():
        yield f"{name} answers {status} no longer"
    known = {(item["in"], item["name"]): item for item in new.get("parameters", [])}
    before = {(item["in"], item["name"]): item for item in old.get("parameters", [])}
    for key in before.keys() - known.keys():
        yield f"{name}: the parameter {key[1]} is gone"
    for key, item in known.items():
        if item.get("required") and not before.get(key, {}).get("required"):
            yield f"{name}: the parameter {key[1]} is demanded now"


def _schema(name: str, old: Any, new: Any, *, is_input: bool) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    if old.get("type") != new.get("type") or old.get("$ref") != new.get("$ref"):
        yield f"{name} is of another type"
        return
    members, there = old.get("properties", {}), new.get("properties", {})
    for member, schema in members.items():
        if member not in there:
            yield f"{name}.{member} is gone"
        else:
            yield from _schema(f"{name}.{member}", schema, there[member], is_input=is_input)
    if "items" in old:
        yield from _schema(f"{name}[]", old["items"], new.get("items"), is_input=is_input)
    demanded = set(new.get("required", ())) - set(old.get("required", ()))
    if is_input and demanded:
        yield f"{name} demands {', '.join(sorted(demanded))} now"
    lost = set(old.get("required", ())) - set(new.get("required", ()))
    if not is_input and lost:
        yield f"{name} may lack {', '.join(sorted(lost))} now"
    if is_input and set(old.get("enum", ())) - set(new.get("enum", ())):
        yield f"{name} takes fewer words now"
