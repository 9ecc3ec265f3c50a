"""Another name for a definition that is carried over, where the generated module needs its name itself (`flow`, `task`, `datetime` ...)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import Workflow

_WORD = re.compile(r"[^\W\d]\w*")


def bound_name(definition: Definition) -> str:
    """The name that the definition's text binds: what follows the last dot of its unique one."""
    return definition.name.rpartition(".")[2]


def imported(line: str) -> dict[str, tuple[object, ...]]:
    """What an import line binds: name -> what it stands for."""
    found: dict[str, tuple[object, ...]] = {}
    for node in ast.parse(line).body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = (alias.name if alias.asname else first,)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = (node.level, node.module, alias.name)
    return found


def words(workflow: Workflow) -> set[str]:
    """Every word of the code that is carried over: a new name must be none of them, for it may be that of a local variable."""
    texts = [part["source"] for part in _parts(workflow.model_dump(mode="json", by_alias=True)) if isinstance(part.get("source"), str)]
    return {word for text in texts for word in _WORD.findall(text)} | {bound_name(definition) for definition in workflow.definitions}


def new_names(workflow: Workflow, clashing: list[Definition]) -> dict[str, str]:
    """By the definition's unique name the one it gets: `own_flow` for `flow`."""
    taken = words(workflow)
    chosen: dict[str, str] = {}
    for definition in clashing:
        base = name = f"{'OWN' if bound_name(definition).isupper() else 'own'}_{bound_name(definition)}"
        number = 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        chosen[definition.name] = definition.name.removesuffix(bound_name(definition)) + name
    return chosen


def renamed(workflow: Workflow, names: dict[str, str], *, called: bool = False) -> Workflow:
    """The workflow with other names for definitions, in their texts and wherever carried-over code uses them; there `called`, if so."""
    document = workflow.model_dump(mode="json", by_alias=True)
    for part in _parts(document):
        if part.get("kind") == "reference" and part.get("name") in names:
            part["name"], part["called"] = names[part["name"]], called or part["called"]
        elif "source" in part and "uses" in part and "spans" in part:
            _rename_in(part, names, part in document["definitions"], called)
    return Workflow.from_json(document)


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON document, inner ones first."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _parts(inner)
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _rename_in(code: dict[str, Any], names: dict[str, str], definition: bool, called: bool) -> None:
    own = code["name"] if definition and code["name"] in names else None
    used = [name for name in code["uses"] if name in names]
    if own is not None and code["form"] == "import":
        code["source"] = _import_as(code["source"], own.rpartition(".")[2], names[own].rpartition(".")[2])
    else:
        for name in dict.fromkeys([*([own] if own else []), *used]):
            _mark(code, name, names[name], binds=name == own, called=called and name != own)
    code["uses"] = [names.get(name, name) for name in code["uses"]]
    if own is not None:
        code["name"] = names[own]


def _mark(code: dict[str, Any], name: str, new: str, *, binds: bool, called: bool) -> None:
    """Marks on every place where the text says the name, so that the new one is written there."""
    old = name.rpartition(".")[2]
    text = code["source"]
    tree = ast.parse(text)
    local = _local_places(tree, old, top=tree.body[:1] if binds else [])
    if local:
        reason = f"it uses the name {old!r} of its module, and for something else in line {local[0]} of its text"
        code.setdefault("blockers", []).append(reason)
        return
    for start in _places(text, tree, old, binds):
        end = start + len(old)
        around = [span for span in code["spans"] if span["start"] <= start and end <= span["end"]]
        for span in around:
            span["argument"] = _in_expression(span["argument"], old, new, called)
        if not around:
            value = {"kind": "reference", "name": new, "called": called}
            code["spans"].append({"start": start, "end": end, "kind": "value", "value": value, "key": None, "argument": ""})
    code["spans"].sort(key=lambda span: span["start"])
    for parameter in code.get("parameters", ()):
        for field in ("default", "annotation"):
            parameter[field] = _in_expression(parameter[field], old, new, called) if parameter[field] else parameter[field]


def _in_expression(text: str, old: str, new: str, called: bool) -> str:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return text
    for start in sorted(_places(text, tree, old, False), reverse=True):
        text = f"{text[:start]}{new.rpartition('.')[2]}{'()' if called else ''}{text[start + len(old) :]}"
    return text


def _places(text: str, tree: ast.AST, name: str, binds: bool) -> list[int]:
    """Offsets in characters of a name in a text."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = [offset(node.lineno, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    if binds and isinstance(tree, ast.Module) and isinstance(tree.body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        head = tree.body[0]
        found.append(text.index(name, offset(head.lineno, head.col_offset) + len("class" if isinstance(head, ast.ClassDef) else "def")))
    return found


def _local_places(tree: ast.AST, name: str, top: list[ast.stmt]) -> list[int]:
    """Lines where a text binds the name for itself; `top` are the statements that bind it for the module."""
    allowed = {id(node) for node in top}
    if _assigns(top):
        allowed = {id(target) for node in top for target in ast.walk(node) if isinstance(target, ast.Name)}
    found = []
    for node in ast.walk(tree):
        stored = isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        called = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
        given = (isinstance(node, ast.arg) and node.arg == name) or (isinstance(node, ast.ExceptHandler) and node.name == name)
        brought = isinstance(node, ast.Import | ast.ImportFrom) and name in imported(ast.unparse(node))
        if (stored or called or given or brought) and id(node) not in allowed:
            found.append(getattr(node, "lineno", 1))
    return found


def _assigns(top: list[ast.stmt]) -> bool:
    return bool(top) and not isinstance(top[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _import_as(source: str, old: str, new: str) -> str:
    """The import under another name; where several statements import it, as the last one does."""
    statement = ast.parse(source).body[-1]
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return source
    for alias in statement.names:
        if (alias.asname or alias.name) == old:
            alias.asname = new
    return ast.unparse(statement)
