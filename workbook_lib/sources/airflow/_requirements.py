"""What a workflow needs around it: connections, variables, pools, environment, packages, files, modules, assets."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from functools import lru_cache

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Definition, Function
from workbook_lib.model.workflow import Requirements, Task
from workbook_lib.sources.airflow._rewrite import expressions
from workbook_lib.sources.airflow._source import Sources
from workbook_lib.sources.tracing._trees import walk

_CONNECTION = re.compile(r"(^|_)conn(ection)?_id$")
_TEMPLATE_VARIABLE = re.compile(r"""\bvar\.(?:value|json)\.(?:get\(\s*['"]([^'"]+)['"]|(?!get\b)([A-Za-z_]\w*))""")
_URI = re.compile(r"""(?:Dataset|Asset)\w*\(\s*(?:uri=|name=)?['"]([^'"]+)['"]""")


def requirements(
    tasks: list[Task],
    callbacks: tuple[tuple[str, Function], ...],
    definitions: tuple[Definition, ...],
    sources: Sources,
    files: Iterable[str],
    more: Iterable[Expr] = (),
    variables: Iterable[str] = (),
) -> Requirements:
    """Everything the tasks, the callbacks, the code they use and the expressions `more` name; `variables` are asked for besides."""
    found: dict[str, set[str]] = {"connections": set(), "variables": set(variables), "environment": set(), "packages": set()}
    for inner in expressions((tuple(tasks), callbacks, definitions, tuple(more))):
        if isinstance(inner, x.Connection):
            found["connections"].add(inner.id)
        elif isinstance(inner, x.Variable):
            found["variables"].add(inner.name)
        elif isinstance(inner, x.Template):
            found["variables"] |= {get or name for get, name in _TEMPLATE_VARIABLE.findall(inner.source)}
        elif isinstance(inner, x.Environment):
            found["environment"].add(inner.name)
    for task in tasks:
        for name, value in task.arguments:
            if _CONNECTION.search(name) and isinstance(value, x.Constant) and isinstance(value.value, str):
                found["connections"].add(value.value)
        if isinstance(task.action, PythonCall):
            found["packages"] |= {_package(text) for text in task.action.packages}
    siblings = {name.split(".")[0] for name in sources.modules}
    for text in dict.fromkeys(_code(tasks, callbacks, definitions)):
        packages, environment = _named_in(text)
        found["packages"] |= packages - siblings
        found["environment"] |= environment
    pools = {task.pool for task in tasks if task.pool and task.pool != "default_pool"}
    modules = {definition.module for definition in definitions if definition.module}
    sorted_found = {name: tuple(sorted(names)) for name, names in found.items()}
    return Requirements(**sorted_found, pools=tuple(sorted(pools)), files=tuple(sorted(files)), modules=tuple(sorted(modules)))


def asset_uris(found: Expr) -> tuple[str, ...]:
    """URIs (or names) of the datasets in `inlets` or `outlets`."""
    uris: list[str] = []
    for inner in x.walk(found):
        if isinstance(inner, x.Constant):
            values = inner.value if isinstance(inner.value, list) else [inner.value]
            uris += [value if isinstance(value, str) else value["uri"] for value in values if _is_asset(value)]
        elif isinstance(inner, x.Unknown):
            uris += _URI.findall(inner.source)
    return tuple(dict.fromkeys(uris))


def _is_asset(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("uri"), str))


def _code(tasks: list[Task], callbacks: tuple[tuple[str, Function], ...], definitions: tuple[Definition, ...]) -> Iterable[str]:
    for _, function in callbacks:
        yield function.source
    for definition in definitions:
        yield definition.source
    for task in tasks:
        for _, function in task.callbacks:
            yield function.source
        for call in (task.action, *(getattr(task.action, name, None) for name in ("build", "check", "output", "after", "dates"))):
            if isinstance(call, PythonCall):
                yield call.function.source


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


@lru_cache(maxsize=1024)  # many workflows use the same code
def _named_in(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The packages that code imports, and the environment variables that it reads."""
    tree = _parsed(text)
    return (_imported(tree), _environment(tree)) if tree is not None else (frozenset(), frozenset())


def _imported(tree: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return frozenset({name.split(".")[0] for name in names} - sys.stdlib_module_names - {"airflow"})


def _environment(tree: ast.Module) -> frozenset[str]:
    """Names in `os.environ["X"]`, `os.environ.get("X")` and `os.getenv("X")`."""
    getters = ("os.environ.get", "environ.get", "os.getenv", "getenv")
    names: set[str] = set()
    for node in walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("os.environ", "environ"):
            key = node.slice
        elif isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in getters:
            key = node.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            names.add(key.value)
    return frozenset(names)


def _package(text: str) -> str:
    return re.split(r"[\s<>=!~;\[]", text.strip(), maxsplit=1)[0]
