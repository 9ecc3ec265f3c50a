"""Which expression of the user's source an argument comes from: through `**kwargs`, dicts built before, parameters and helper functions.

The frames that led to a call are known exactly (`_stack.Trail`); what lies between them is read from the source, and only followed
where it can mean one thing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from workbook_lib.sources.tracing._scopes import Binding, Callish, FileIndex, Position, Scope, file_of, index, segment
from workbook_lib.sources.tracing._stack import Spot, Trail, display

_DEPTH = 25  # steps from one expression to the next
_COPIES = frozenset({"copy", "deepcopy", "dict", "MappingProxyType", "OrderedDict"})


@dataclass(frozen=True)
class View:
    """A place to look from: a scope of a file, the position in it, and the call that led here with the place that it was made from."""

    file: FileIndex
    scope: Scope
    at: Position | None = None
    call: ast.Call | None = None
    caller: View | None = None
    own: bool = False


class Found(NamedTuple):
    """An expression, and where it is looked at from."""

    node: ast.expr
    view: View

    @property
    def text(self) -> str:
        """Its source text."""
        return segment(self.view.file.file, self.node)

    def place(self) -> tuple[str, int, int]:
        """File as the user named it, line, column in characters."""
        return display(self.view.file.file), self.node.lineno, self.node.col_offset


def views(trail: Trail) -> list[tuple[View, ast.Call | None]]:
    """The frames of a trail as places to look from, each with the call that it was in; innermost first."""
    if trail.views is None:
        trail.views = _views(trail)
    return trail.views


def _views(trail: Trail) -> list[tuple[View, ast.Call | None]]:
    result: list[tuple[View, ast.Call | None]] = []
    caller: View | None = None
    call: ast.Call | None = None
    direct = False
    for number in reversed(range(len(trail.spots))):
        spot = trail.spots[number]
        file = index(spot.file)
        if file is None:
            caller, call = None, None
            continue
        line, column, *end = spot.position()
        made = file.calls.get((end[0], end[1]))
        scope = _scope(spot, file)
        if scope is None:  # a comprehension or lambda: seen from the function around it
            scope = caller.scope if caller is not None and caller.file is file else file.module
            view = View(file, scope, (line, column), caller.call if caller else None, caller.caller if caller else None)
        else:
            fits = call is not None and (spot.own or direct or _name(call.func) == spot.code.co_name)
            view = View(file, scope, (line, column), call if fits else None, caller if fits else None, spot.own)
        result.append((view, made))
        caller, call, direct = view, made, spot.direct
    return result[::-1]


def _scope(spot: Spot, file: FileIndex) -> Scope | None:
    if spot.code.co_name == "<module>":
        return file.module
    return file.functions.get((spot.code.co_name, spot.code.co_firstlineno))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class _Ambiguous(Exception):
    """The expression may be one of several."""


def find(trail: Trail, name: str, positional: Sequence[str] = ()) -> Found | None:
    """Where the argument `name` of the call that a trail ends in was written; `positional` names what is given by position."""
    try:
        for view, call in views(trail):
            found = keyword(call, name, view, _DEPTH) if call is not None else None
            if found is None and call is not None and not view.own and name in positional:
                found = _positional(call, list(positional).index(name), view, _DEPTH)
            if found is not None or not view.own:
                return found
    except (_Ambiguous, RecursionError):
        return None
    return None


def names(trail: Trail, positional: Sequence[str] = ()) -> Iterator[str]:
    """What that call is given literally: keywords, and arguments by position."""
    for view, call in views(trail):
        if call is not None and not view.own:
            yield from (name for name, value in zip(positional, call.args, strict=False) if not isinstance(value, ast.Starred))
        if call is not None:
            yield from (word.arg for word in call.keywords if word.arg is not None)
        if not view.own:
            return


def assigned(trail: Trail) -> Found | None:
    """The value of `thing.attribute = value` or `setattr(thing, "attribute", value)` that a trail ends in."""
    if not trail.spots or index(trail.spots[0].file) is None:  # code that has no source, such as what `exec` is given
        return None
    view, call = views(trail)[0]
    end = trail.spots[0].position()[2:]
    if end in view.file.stores:
        return Found(view.file.stores[end], view)
    if call is not None and _name(call.func) in ("setattr", "__setattr__") and len(call.args) >= 2:
        return Found(call.args[-1], view)
    return None


def entry_of(found: Found, key: str) -> Found | None:
    """The expression under a key of the dict that an expression is."""
    try:
        return _entry(found.node, key, found.view, _DEPTH)
    except (_Ambiguous, RecursionError):
        return None


def origin_of(found: Found) -> Found | None:
    """What a plain name was bound to, where that is one expression; followed from parameter to argument."""
    last: Found | None = None
    try:
        for _ in range(_DEPTH):
            if not isinstance(found.node, ast.Name | ast.Attribute):
                break
            more = _value(found.node, found.view, _DEPTH)
            if more is None:
                break
            last = found = more
    except (_Ambiguous, RecursionError):
        pass
    return last


# --- arguments of calls -----------------------------------------------------------------------------------------------------


def keyword(call: ast.Call, name: str, view: View, depth: int) -> Found | None:
    """The keyword argument `name` of a call: written there, in a `**dict`, or in the `functools.partial` that is called."""
    for word in call.keywords:
        if word.arg == name:
            return Found(word.value, view)
    for word in reversed(call.keywords):
        found = _entry(word.value, name, view, depth - 1) if word.arg is None else None
        if found is not None:
            return found
    partial = _partial(call, view, depth)
    return keyword(partial[0], name, partial[1], depth - 1) if partial is not None else None


def _partial(call: ast.Call, view: View, depth: int) -> tuple[ast.Call, View] | None:
    """The call `partial(function, ...)` behind the name that a call calls."""
    if depth < 0 or not isinstance(call.func, ast.Name | ast.Attribute):
        return None
    made = _value(call.func, view, depth - 1)
    if made is not None and isinstance(made.node, ast.Call) and _name(made.node.func) == "partial":
        return made.node, made.view
    return None


def _positional(call: ast.Call, position: int, view: View, depth: int) -> Found | None:
    partial = _partial(call, view, depth)
    before = len(partial[0].args) - 1 if partial is not None else 0
    if partial is not None and position < before:
        return _positional(partial[0], position + 1, partial[1], depth - 1)
    position -= before
    star = next((number for number, value in enumerate(call.args) if isinstance(value, ast.Starred)), len(call.args))
    if position < star:
        return Found(call.args[position], view)
    return _handed_on(call.args[star], position - star, view, depth) if star < len(call.args) else None


def _handed_on(value: ast.expr, position: int, view: View, depth: int) -> Found | None:
    """The argument at a position of `*args`, where these are what the function around was itself given."""
    node = view.scope.node
    name = _name(value.value) if isinstance(value, ast.Starred) else ""
    if not isinstance(node, Callish) or node.args.vararg is None or node.args.vararg.arg != name or name in view.scope.bound:
        return None
    if view.call is None or view.caller is None or depth < 0:
        return None
    before = len(node.args.posonlyargs) + len(node.args.args) - (view.scope.owner is not None and not _unbound(view.call))
    return _positional(view.call, before + position, view.caller, depth - 1)


def _parameter(name: str, view: View, depth: int) -> Found | None:
    """What the function of a view was given for a parameter."""
    node = view.scope.node
    if not isinstance(node, Callish):
        return None
    arguments = [*node.args.posonlyargs, *node.args.args]
    position = next((number for number, one in enumerate(arguments) if one.arg == name), None)
    if view.call is None or view.caller is None:
        return None
    found = keyword(view.call, name, view.caller, depth - 1)
    if found is None and position is not None:
        static = any(_name(one) == "staticmethod" for one in node.decorator_list)
        bound = view.scope.owner is not None and not static and not _unbound(view.call)
        found = _positional(view.call, position - bound, view.caller, depth - 1) if position >= bound else None
    if found is not None or view.own or any(isinstance(one, ast.Starred) for one in view.call.args):
        return found
    default = _default(node, name)
    outside = View(view.file, view.scope.parent or view.file.module, (node.lineno, node.col_offset))
    return Found(default, outside) if default is not None else None


def _unbound(call: ast.Call) -> bool:
    """`Base.__init__(self, ...)`: the object is handed over by hand."""
    return _name(call.func) == "__init__" and bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id == "self"


def _default(node: Callish, name: str) -> ast.expr | None:
    plain = [*node.args.posonlyargs, *node.args.args]
    by_position = zip(reversed(plain), reversed(node.args.defaults), strict=False)
    by_name = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return next((value for one, value in [*by_position, *by_name] if one.arg == name), None)


# --- dicts ------------------------------------------------------------------------------------------------------------------


def _entry(node: ast.expr, key: str, view: View, depth: int) -> Found | None:
    """The expression under `key` of the dict that `node` is."""
    if depth < 0:
        return None
    if isinstance(node, ast.Dict):
        for name, value in zip(reversed(node.keys), reversed(node.values), strict=True):
            if isinstance(name, ast.Constant) and name.value == key:
                return Found(value, view)
            found = _entry(value, key, view, depth - 1) if name is None else None
            if found is not None:
                return found
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _entry(node.right, key, view, depth - 1) or _entry(node.left, key, view, depth - 1)
    if isinstance(node, ast.BoolOp):
        return _entry(node.values[0], key, view, depth - 1)
    if isinstance(node, ast.Call):
        return _entry_of_call(node, key, view, depth)
    if isinstance(node, ast.Name):
        return _entry_of_name(node, key, view, depth)
    if isinstance(node, ast.Attribute | ast.Subscript):
        found = _value(node, view, depth - 1)
        return _entry(found.node, key, found.view, depth - 1) if found is not None else None
    return None


def _entry_of_call(node: ast.Call, key: str, view: View, depth: int) -> Found | None:
    name = _name(node.func)
    if name in _COPIES:
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) and name == "copy" else None
        own = keyword(node, key, view, depth - 1) if name == "dict" else None
        return own or (_entry(inner, key, view, depth - 1) if inner is not None else None)
    target = _definition(node.func, view, depth - 1)
    if target is None or not isinstance(target[1].node, Callish) or len(target[1].returned) != 1:
        return None
    value = target[1].returned[0]
    return _entry(value, key, View(target[0], target[1], (value.lineno, value.col_offset), node, view), depth - 1)


def _entry_of_name(node: ast.Name, key: str, view: View, depth: int) -> Found | None:
    home = _home(node.id, view)
    changed = _changed(node.id, key, home or view, depth)
    if changed is not None:
        return changed
    function = home.scope.node if home is not None else None
    if home is not None and isinstance(function, Callish) and function.args.kwarg is not None and function.args.kwarg.arg == node.id:
        return keyword(home.call, key, home.caller, depth - 1) if home.call is not None and home.caller is not None else None
    found = _value(node, view, depth - 1)
    return _entry(found.node, key, found.view, depth - 1) if found is not None else None


def _changed(name: str, key: str, view: View, depth: int) -> Found | None:
    """What was put under a key of the dict `name` after it was made, before the position of the view."""
    last: tuple[Found, bool] | None = None
    for change in sorted(view.scope.keys.get(name, []), key=lambda one: one.at):
        if view.at is not None and change.at > view.at:
            continue
        here = replace(view, at=change.at)
        found = None
        if change.call is not None:
            found = keyword(change.call, key, here, depth - 1)
            if found is None and change.call.args:
                found = _entry(change.call.args[0], key, here, depth - 1)
        elif change.key == key and change.value is not None:
            found = Found(change.value, here)
        if found is not None:
            last = found, _sure(change.blocks, view)
    if last is not None and not last[1]:
        raise _Ambiguous
    return last[0] if last is not None else None


# --- names ------------------------------------------------------------------------------------------------------------------


def _home(name: str, view: View) -> View | None:
    """The view of the scope that binds a name as seen from `view`: its function, those around it, the module."""
    current: View | None = view
    while current is not None:
        node = current.scope.node
        parameters = _parameters(node) if isinstance(node, Callish) else frozenset()
        if (name in current.scope.bound and not (isinstance(node, ast.ClassDef) and current is not view)) or name in parameters:
            return current
        current = _around(current)
    return None


def _around(view: View) -> View | None:
    outer = view.scope.parent
    if outer is None:
        return None
    caller = view.caller
    while caller is not None:
        if caller.scope is outer:
            return caller
        caller = caller.caller
    return View(view.file, outer)


def _parameters(node: Callish) -> frozenset[str]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    return frozenset(one.arg for one in every if one is not None)


def _sure(blocks: tuple[tuple[int, str], ...], view: View) -> bool:
    """Whether a statement within `blocks` was surely reached before the position of a view in the same scope."""
    around = view.file.blocks.get(view.at[0], ()) if view.at is not None else view.file.blocks.get(_line(view.scope), ())
    return blocks == around[: len(blocks)]


def _line(scope: Scope) -> int:
    return getattr(scope.node, "lineno", 0)


def _binding(name: str, view: View) -> Binding | None:
    """The one binding that a name has at the position of its home's view."""
    found = view.scope.bound.get(name, [])
    if len(found) == 1:
        return found[0]
    before = [one for one in found if view.at is None or one.at < view.at]
    if not before or not _sure(before[-1].blocks, view):
        raise _Ambiguous
    around = {block for block in view.file.blocks.get(view.at[0], ()) if block[1] == "loop"} if view.at is not None else set()
    again = [one for one in found if one not in before and around & (set(one.blocks) - set(before[-1].blocks))]
    if again:
        raise _Ambiguous
    return before[-1]


def _value(node: ast.expr, view: View, depth: int) -> Found | None:
    """The expression that a name, an attribute or an item of a dict was bound to."""
    if depth < 0:
        return None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return _entry(node.value, node.slice.value, view, depth - 1)
    if isinstance(node, ast.Attribute):
        return _attribute(node, view, depth)
    if not isinstance(node, ast.Name):
        return None
    home = _home(node.id, view)
    if home is None:
        return None
    parameters = _parameters(home.scope.node) if isinstance(home.scope.node, Callish) else frozenset()
    if node.id in parameters:
        if node.id in home.scope.bound:
            raise _Ambiguous
        return _parameter(node.id, home, depth - 1)
    binding = _binding(node.id, home)
    if binding is None:
        return None
    if binding.value is not None:
        return Found(binding.value, replace(home, at=binding.at))
    return _imported_value(binding, node.id, home)


def _imported_value(binding: Binding, name: str, view: View) -> Found | None:
    target = _imported(binding, name, view)
    if target is None or not target[1]:
        return None
    inside = View(target[0], target[0].module)
    bound = _binding(target[1], inside) if target[1] in inside.scope.bound else None
    if bound is None:
        return None
    return Found(bound.value, inside) if bound.value is not None else _imported_value(bound, target[1], inside)


def _imported(binding: Binding, name: str, view: View) -> tuple[FileIndex, str] | None:
    """The user's file that an import names, and the name in it; "" for the module itself."""
    statement = binding.statement
    if isinstance(statement, ast.Import):
        alias = next((one for one in statement.names if (one.asname or one.name.partition(".")[0]) == name), None)
        file = file_of(alias.name if alias.asname else name) if alias is not None else None
        found = index(file) if file is not None else None
        return (found, "") if found is not None else None
    if not isinstance(statement, ast.ImportFrom):
        return None
    alias = next((one for one in statement.names if (one.asname or one.name) == name), None)
    package = _package(view.file.file, statement.level)
    module = f"{package}.{statement.module or ''}".strip(".") if statement.level else statement.module or ""
    for dotted, inner in ((f"{module}.{alias.name}", ""), (module, alias.name)) if alias is not None else ():
        file = file_of(dotted)
        found = index(file) if file is not None else None
        if found is not None:
            return found, inner
    return None


def _package(file: str, level: int) -> str:
    """The package that a relative import in a file starts from."""
    import sys

    for dotted, module in list(sys.modules.items()) if level else ():
        if getattr(module, "__file__", None) == file:
            parts = dotted.split(".")
            drop = level - 1 if file.endswith("__init__.py") else level
            return ".".join(parts[: len(parts) - drop])
    return ""


def _attribute(node: ast.Attribute, view: View, depth: int) -> Found | None:
    """A constant of a module or class of the user's, or what a method assigned to an attribute once."""
    if not isinstance(node.value, ast.Name):
        return None
    base, home = node.value.id, _home(node.value.id, view)
    owner = view.scope.owner
    if base in ("self", "cls") and owner is not None:
        return _member(view.file, owner, node.attr)
    binding = _binding(base, home) if home is not None and base in home.scope.bound else None
    if binding is None or home is None:
        return None
    target = _imported(binding, base, home)
    if target is not None and not target[1]:
        inside = View(target[0], target[0].module)
        bound = _binding(node.attr, inside) if node.attr in inside.scope.bound else None
        return Found(bound.value, inside) if bound is not None and bound.value is not None else None
    made = binding.value.func if isinstance(binding.value, ast.Call) else node.value
    defined = _definition(made, home, depth - 1)
    return _member(defined[0], defined[1], node.attr) if defined is not None and isinstance(defined[1].node, ast.ClassDef) else None


def _member(file: FileIndex, owner: Scope, name: str) -> Found | None:
    own = [Found(one.value, View(file, owner, one.at)) for one in owner.bound.get(name, []) if one.value is not None]
    own += [Found(value, View(file, scope, (value.lineno, value.col_offset))) for value, scope in owner.attributes.get(name, [])]
    return own[0] if len(own) == 1 else None


def _definition(func: ast.expr, view: View, depth: int) -> tuple[FileIndex, Scope] | None:
    """The function or class of the user's that an expression names."""
    if depth < 0 or not isinstance(func, ast.Name | ast.Attribute):
        return None
    base = func.id if isinstance(func, ast.Name) else func.value.id if isinstance(func.value, ast.Name) else ""
    home = _home(base, view)
    binding = _binding(base, home) if home is not None and base in home.scope.bound else None
    if binding is None or home is None:
        return None
    file, name = home.file, base
    statement = binding.statement
    target = _imported(binding, base, home)
    if target is not None:
        file, name = target[0], target[1] or (func.attr if isinstance(func, ast.Attribute) else "")
        statement = next((one.statement for one in file.module.bound.get(name, []) if one.statement is not None), None)
    if isinstance(statement, ast.ClassDef):
        return (file, file.classes[name]) if name in file.classes else None
    scopes = [scope for (known, _), scope in file.functions.items() if known == name and scope.node is statement]
    return (file, scopes[0]) if scopes else None


def default_of(function: object, name: str) -> Found | None:
    """The default of a parameter of a function of the user's."""
    code = getattr(function, "__code__", None)
    file = index(code.co_filename) if code is not None else None
    scope = file.functions.get((code.co_name, code.co_firstlineno)) if file is not None and code is not None else None
    node = _default(scope.node, name) if scope is not None and isinstance(scope.node, Callish) else None
    return Found(node, View(file, scope.parent or file.module)) if node is not None and file is not None and scope is not None else None


def edge_line(trail: Trail) -> tuple[str, int] | None:
    """File and line where two tasks were put in order: that of the right side of a `>>` that spans lines."""
    if not trail.spots:
        return None
    spot = trail.spots[0]
    position = spot.position()
    file = index(spot.file)
    shift = file.shifts.get((position[2], position[3])) if file is not None else None
    return display(spot.file), shift.right.lineno if shift is not None else trail.origin["line"]
