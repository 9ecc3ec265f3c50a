"""What carried-over code needs of its module: imports, constants, helper functions and classes, found through scopes."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from workbook_lib.model import expr as x
from workbook_lib.model.function import Definition, Origin
from workbook_lib.sources.airflow._asset_events import asset_call
from workbook_lib.sources.airflow._context import Entity, Meaning, Scope
from workbook_lib.sources.airflow._source import Binding, Callish, Module, Names, Sources, collect, names_of
from workbook_lib.sources.airflow._spans import Marks, Surroundings, mark
from workbook_lib.sources.airflow._static import NotStatic, evaluate
from workbook_lib.sources.tracing._trees import walk

_GIVEN = frozenset(dir(builtins)) | {"__name__", "__annotations__"}


Form = Literal["import", "constant", "function", "class"]
Key = tuple[str, str]  # the module that a definition stands in once it is carried over, empty for the flow's; and the name it binds


@dataclass
class Needs:
    """What a piece of code needs: names of definitions, names that mean something else, and what stands in the way."""

    uses: tuple[str, ...] = ()
    keys: dict[str, Key] = field(default_factory=dict)  # by name in `uses`
    references: dict[str, Meaning] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    may_skip: bool = False
    vague: frozenset[str] = frozenset()  # names in annotations that cannot come along


@dataclass
class _Made:
    name: str
    key: Key | None = None
    problems: list[str] = field(default_factory=list)
    may_skip: bool = False


@lru_cache(maxsize=1024)  # many tasks share a function
def globals_of(source: str) -> frozenset[str]:
    """Names that the statement `source` takes from around it; annotations of its signature do not count."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, Callish):
            for arg in ast.walk(node.args):
                if isinstance(arg, ast.arg):
                    arg.annotation = None
            node.returns = None
    try:
        return _globals(symtable.symtable(ast.unparse(tree), "<source>", "exec"))
    except SyntaxError:  # `nonlocal` without its function around it; `foreign_writes` tells
        return frozenset()


def annotated(function: Callish) -> set[str]:
    """Names in the annotations of a function's signature."""
    notes = [*(arg.annotation for arg in ast.walk(function.args) if isinstance(arg, ast.arg)), function.returns]
    return {name for note in notes if note is not None for name in names_of(note)}


def foreign_writes(tree: ast.AST) -> list[str]:
    """Why a function does more than return: it assigns to names of the module or of the function around it."""
    writing = [node for node in walk(tree) if isinstance(node, ast.Global | ast.Nonlocal)]
    if not writing:
        return []
    nested = [g for f in walk(tree) if isinstance(f, Callish) for g in walk(f) if g is not f and isinstance(g, Callish)]
    inner = {id(n) for g in nested for n in walk(g)}
    found = []
    for node in writing:
        if isinstance(node, ast.Global):
            found.append(f"it changes `{node.names[0]}` of its module, which tasks in other processes do not see")
        elif isinstance(node, ast.Nonlocal) and id(node) not in inner:
            found.append(f"it changes `{node.names[0]}` of the function around it")
    return found


def rewritten(source: str, marks: Marks) -> str:
    """`source` roughly as it will be, for finding the names that it still uses then; itself when that is no Python."""
    text = source
    for span in reversed(marks.spans):
        filled = {"drop": "", "push": f"({span.argument})", "skip": f"raise Exception({span.argument})", "value": "None"}
        filled |= {"fail": filled["skip"], "update": span.argument}
        text = text[: span.start] + filled.get(span.kind, "Exception") + text[span.end :]
    try:
        ast.parse(text)
    except SyntaxError:
        return source
    return text


def _globals(table: symtable.SymbolTable) -> frozenset[str]:
    found: set[str] = set()
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            found.add(symbol.get_name())
    for child in table.get_children():
        found |= _globals(child)
    return frozenset(found - {s.get_name() for s in table.get_symbols() if s.is_assigned()} if top else found)


class Definitions:
    """Gathers the definitions that the functions of one workflow need, each once.

    They are kept by module and name: what a sibling module uses inside of it may be called as something in the DAG file. Only
    names that the flow's own module would bind twice are in each other's way. Imports and loggers stand in each module that uses them.
    """

    def __init__(self, sources: Sources, scope: Scope, file: str = "") -> None:
        self.sources = sources
        self._own = sources.module(file) if file else None
        self.scope = scope
        self._made: dict[tuple[str, str, int, str], _Made] = {}
        self._definitions: dict[Key, Definition] = {}
        self._uses: dict[Key, tuple[Key, ...]] = {}
        self._flow: dict[str, Key] = {}  # what the flow's module binds
        self._scopes: dict[int, Names] = {}

    def all(self) -> tuple[Definition, ...]:
        """Definitions so that each comes after those that it uses; a name that another one has too is led by its module."""
        names: dict[Key, str] = {}
        for key in sorted(self._definitions, key=lambda key: self._flow.get(key[1]) != key):
            names[key] = key[1] if key[1] not in names.values() else ".".join(key)
        return tuple(
            definition.model_copy(update={"name": names[key], "uses": tuple(names[use] for use in self._uses[key] if use in names)})
            for key, definition in self._definitions.items()
        )

    # --- looking up ---------------------------------------------------------------------------------------------------------
    def lookup(self, module: Module, node: ast.AST, name: str) -> tuple[list[Binding], Callish | None]:
        """The bindings of `name` as seen from `node`, and the function that holds them (None: the module)."""
        for around in module.enclosing(node):
            bound = self._scope(around).bound.get(name)
            if bound:
                return bound, around
            if name in _parameters(around):
                return [], around
        return module.names.bound.get(name, []), None

    def _scope(self, node: Callish) -> Names:
        if id(node) not in self._scopes:
            self._scopes[id(node)] = collect(node.body)
        return self._scopes[id(node)]

    def airflow_name(self, module: Module, node: ast.AST, name: str) -> str | None:
        """The dotted Airflow name that `name` was imported as, if it was."""
        for binding in self.lookup(module, node, name)[0]:
            if _is_airflow(binding) and self.sources.sibling(binding.target, binding.level, module) is None:
                return binding.target
        return None

    def literal(self, module: Module, node: ast.AST, name: str) -> ast.expr | None:
        """The expression that `name` is bound to once and for all, for values that can be worked out."""
        bindings, owner = self.lookup(module, node, name)
        names = module.names if owner is None else self._scope(owner)
        if len(bindings) != 1 or bindings[0].loop or bindings[0].guard is not None or name in names.changed:
            return None
        statement = bindings[0].node
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            return statement.value
        return statement.value if isinstance(statement, ast.AnnAssign) else None

    def asset(self, module: Module, node: ast.AST, name: str) -> Entity | None:
        """The asset or alias that `name` is bound to once and for all."""
        value = self.literal(module, node, name)
        found = asset_call(value, lambda part: self._symbol(module, node, part)) if value is not None else None
        if found is None:
            return None
        try:
            text = evaluate(found[1], lambda inner: self.literal(module, node, inner))
        except NotStatic:
            return None
        return Entity(found[0], text) if isinstance(text, str) else None

    def _symbol(self, module: Module, node: ast.AST, part: ast.expr) -> str | None:
        """The dotted Airflow name that an expression is, if it is one."""
        if isinstance(part, ast.Attribute):
            base = self._symbol(module, node, part.value)
            return f"{base}.{part.attr}" if base else None
        return self.airflow_name(module, node, part.id) if isinstance(part, ast.Name) else None

    def plain(self, module: Module, node: ast.AST, name: str) -> bool:
        """Whether `name` is there at run time without Airflow."""
        bindings, _ = self.lookup(module, node, name)
        if not bindings:
            return name in _GIVEN
        return not any(_is_airflow(binding) or binding.typing_only for binding in bindings)

    def only_typed(self, module: Module, node: ast.AST, name: str) -> bool:
        """Whether `name` is imported for type checking only."""
        return any(binding.typing_only for binding in self.lookup(module, node, name)[0])

    # --- gathering ----------------------------------------------------------------------------------------------------------
    def needs(self, module: Module, node: ast.stmt, names: Iterable[str], home: str = "") -> Needs:
        """Make the definitions of `names` as seen from `node`, for code that is carried over into the module `home` (empty: the flow's)."""
        result = Needs()
        for name in sorted(names):
            for made in self._need(module, node, name, result, home):
                if made.key is not None and not home and not made.problems:
                    made = self._in_flow(made, made.key, module)
                result.problems += [problem for problem in made.problems if problem not in result.problems]
                result.may_skip |= made.may_skip
                if made.key is not None and not made.problems:
                    result.keys[made.name] = made.key
        result.uses = tuple(result.keys)
        return result

    def add(self, module: Module, node: ast.stmt, wish: str, source: str) -> Needs:
        """Define a function whose text is not a statement of the module, such as what a lambda becomes; under `wish`, or a name like it."""
        name, number = wish, 1
        while self._taken(name, text := source.replace(f"def {wish}(", f"def {name}(", 1)):
            number += 1
            name = f"{wish}_{number}"
        made = self._define(module, node, name, text, "", "function", self.needs(module, node, globals_of(text) - {name}), True)
        if made.key is not None:
            made = self._in_flow(made, made.key, module)
        return Needs((name,), {name: made.key} if made.key is not None else {}, {}, made.problems, made.may_skip)

    def _in_flow(self, made: _Made, key: Key, module: Module) -> _Made:
        """`made` as a name of the flow's module, which binds a name once."""
        known = self._flow.setdefault(made.name, key)
        if known == key:
            return made
        mine = self._definitions.get(key)
        first = self._file_of(mine) if mine is not None else module.shown
        return _Made(made.name, key, [self._ambiguous(made.name, first, self._definitions.get(known))])

    def _ambiguous(self, name: str, first: str, other: Definition | None) -> str:
        second = self._file_of(other) if other is not None else "another file"
        return f"it uses `{name}`, a name that means one thing in {first} and another in {second}"

    def _file_of(self, definition: Definition) -> str:
        module = self.sources.module(definition.origin.file) if definition.origin is not None else None
        return module.shown if module is not None else "another file"

    def _need(self, module: Module, node: ast.stmt, name: str, result: Needs, home: str) -> list[_Made]:
        bindings, owner = self.lookup(module, node, name)
        if not bindings and owner is not None:
            return [_problem(name, f"an argument of the function `{owner.name}` around it")]
        if not bindings:
            if name in _GIVEN:
                return []
            where = " (it may come from a star import)" if module.names.stars else ""
            reason = "depends on where the file lies" if name == "__file__" else f"is not bound in {module.shown}{where}"
            return [_problem(name, f"which {reason}")]
        if all(binding.typing_only for binding in bindings):
            return []
        for binding in bindings:
            sibling = self.sources.sibling(binding.target, binding.level, module) if binding.target else None
            if sibling is not None:
                return self._from_sibling(sibling, binding, module, node, result, home)
        if self.airflow_name(module, node, name) is not None or any(b.target.startswith("__future__") for b in bindings):
            return []  # the marks of the code itself decide what becomes of it
        made = self._make(module, name, bindings, owner, home)
        if made.name != name:
            result.references[name] = x.Reference(name=made.name)
        return [made]

    def _from_sibling(
        self, found: tuple[Module, str], binding: Binding, module: Module, node: ast.stmt, result: Needs, home: str
    ) -> list[_Made]:
        sibling, inner = found
        if not inner:
            result.references[binding.name] = Entity("module", sibling.dotted)
            used = {n.attr for n in walk(node) if isinstance(n, ast.Attribute) and _is_name(n.value, binding.name)}
            return [self._inside(sibling, attribute, f"{binding.name}.{attribute}", home) for attribute in sorted(used)]
        bindings = sibling.names.bound.get(inner, [])
        deeper = self.sources.sibling(bindings[0].target, bindings[0].level, sibling) if bindings and bindings[0].target else None
        if deeper is not None and deeper[0] is not sibling:
            return self._from_sibling(deeper, binding, sibling, node, result, home)
        made = self._inside(sibling, inner, inner, home)
        if made.name != binding.name:
            result.references[binding.name] = x.Reference(name=made.name)
        return [made]

    def _inside(self, sibling: Module, name: str, shown: str, home: str) -> _Made:
        """What a sibling module binds under `name`."""
        bindings = sibling.names.bound.get(name, [])
        if not bindings:
            return _problem(shown, f"which {sibling.shown} does not bind")
        if any(_is_airflow(binding) for binding in bindings):
            return _problem(shown, f"which {sibling.shown} imports from Airflow")
        return self._make(sibling, name, bindings, None, home)

    def _make(self, module: Module, name: str, bindings: list[Binding], owner: Callish | None, home: str) -> _Made:
        home = home if _is_portable(name, bindings) else module.dotted
        key = (module.path, name, id(owner) if owner is not None else 0, home)
        if key not in self._made:
            self._made[key] = _Made(name, (home, name))  # stands for itself while what it uses is made, which may use it again
            self._made[key] = self._build(module, name, bindings, owner, home)
        return self._made[key]

    def _build(self, module: Module, name: str, bindings: list[Binding], owner: Callish | None, home: str) -> _Made:
        problem = self._unusable(module, name, bindings, owner)
        if problem is not None:
            return _problem(name, problem)
        # One binding inside an `if` or `try` is the one that the file's reading took; several need the whole statement.
        guarded = len(bindings) > 1 and len({id(binding.guard) for binding in bindings}) == 1 and bindings[0].guard is not None
        statement = bindings[-1].guard if guarded and bindings[-1].guard is not None else bindings[-1].node
        source = (None if guarded else _import_source(name, bindings)) or module.cut(statement)
        bound, source = self._free(module, name, source) if module.dotted and not home else (name, source)
        form = "import" if bindings[-1].target else _form(bindings[-1].node)
        needs = self.needs(module, statement, globals_of(source) - {name}, home) if form != "import" or guarded else Needs()
        if isinstance(statement, Callish):
            needs.vague = self._annotated(module, statement, name, needs, home)
        return self._define(module, statement, bound, source, home, form, needs, form != "import" or guarded)

    def _annotated(self, module: Module, function: Callish, name: str, needs: Needs, home: str) -> frozenset[str]:
        """Add what the signature's annotations name to `needs`; the names that cannot come along, whose annotations go."""
        vague = set()
        for named in sorted(annotated(function) - {name} - needs.keys.keys()):
            more = self.needs(module, function, (named,), home)
            if more.problems or more.references:
                vague.add(named)
                continue
            needs.uses += tuple(use for use in more.uses if use not in needs.uses)
            needs.keys |= more.keys
        return frozenset(vague)

    def _define(
        self, module: Module, statement: ast.stmt, bound: str, source: str, home: str, form: Form, needs: Needs, marked: bool
    ) -> _Made:
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return _problem(bound, "whose source cannot be cut out")
        marks = self._marks(module, statement, source, tree, needs) if marked else Marks()
        reasons = [*needs.problems, *marks.blockers, *_run_bound(marks)]
        kept = globals_of(rewritten(source, marks))
        uses = tuple(key for use, key in needs.keys.items() if use in kept or use not in globals_of(source))
        definition = Definition(
            name=bound,
            module=home,
            form=form,
            source=source,
            spans=tuple(marks.spans),
            blockers=tuple(reasons),
            origin=Origin(file=module.path, line=statement.lineno, column=statement.col_offset),
        )
        if reasons:
            return _problem(bound, f"which still needs Airflow: {reasons[0]}", f" ({module.shown}:{statement.lineno})")
        taken = self._definitions.get((home, bound))
        if taken is not None and taken.source != source:
            return _Made(bound, (home, bound), [self._ambiguous(bound, module.shown, taken)])
        self._definitions[home, bound] = definition
        self._uses[home, bound] = uses
        return _Made(bound, (home, bound), may_skip=marks.may_skip or needs.may_skip)

    def _free(self, module: Module, name: str, source: str) -> tuple[str, str]:
        """A name that the flow's module has free for an import or a logger of a sibling module, and the statement that binds it."""
        for free in (name, f"{module.dotted.rpartition('.')[2]}_{name}", f"{module.dotted}_{name}".replace(".", "_")):
            text = renamed(source, name, free)
            if text is not None and not self._taken(free, text):
                return free, text
        return name, source

    def _taken(self, name: str, source: str) -> bool:
        """Whether the flow's module means something else by `name`; what the DAG file says goes first."""
        known = self._definitions.get(("", name))
        bound = self._own.names.bound.get(name) if self._own is not None else None
        if self._own is not None and bound:
            return (_import_source(name, bound) or self._own.cut(bound[-1].node)) != source
        return self._flow.get(name, ("", name)) != ("", name) or (known is not None and known.source != source)

    def _marks(self, module: Module, statement: ast.stmt, source: str, tree: ast.Module, needs: Needs) -> Marks:
        around = Surroundings(
            scope=self.scope,
            names=dict(needs.references),
            airflow=lambda name: self.airflow_name(module, statement, name),
            literal=lambda name: self.literal(module, statement, name),
            only_typed=lambda name: name in needs.vague or self.only_typed(module, statement, name),
        )
        return mark(source, tree, around, skip_header=False)

    def _unusable(self, module: Module, name: str, bindings: list[Binding], owner: Callish | None) -> str | None:
        names = module.names if owner is None else self._scope(owner)
        if name in names.changed:
            return "which is changed after it was made"
        if any(binding.loop and not isinstance(binding.node, Callish | ast.ClassDef) for binding in bindings):
            return "whose value comes from a loop or a `with`"
        guards = {id(binding.guard) for binding in bindings}
        kinds = {type(binding.node) for binding in bindings}
        several = len(bindings) > 1 and not (len(guards) == 1 and bindings[0].guard is not None)
        if several and not kinds <= {ast.Import, ast.ImportFrom} and not kinds <= {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef}:
            return "which is bound more than once"
        if owner is not None and isinstance(bindings[0].node, ast.Assign | ast.AnnAssign):
            value = bindings[0].node.value
            if value is None or not _simple(value):
                return f"a local of the function `{owner.name}` around it"
        return None


def _problem(name: str, why: str, place: str = "") -> _Made:
    return _Made(name, None, [f"it uses `{name}`{place}, {why}"])


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _simple(value: ast.expr) -> bool:
    """A literal: the same whenever it is worked out."""
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


def _run_bound(marks: Marks) -> list[str]:
    """A definition is shared by runs and tasks: it cannot be given what belongs to one of them."""
    kinds = {inner.kind for span in marks.spans if span.value is not None for inner in x.walk(span.value)}
    pushes = any(span.kind == "push" for span in marks.spans)
    if kinds & {"task_output", "context", "parameter", "element"} or pushes:
        return ["it takes something of the running task out of Airflow's context by itself"]
    return []


def _is_airflow(binding: Binding) -> bool:
    return not binding.level and binding.target.split(".")[0] == "airflow"


def _parameters(node: Callish) -> set[str]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    return {arg.arg for arg in every if arg is not None}


def _form(node: ast.stmt) -> Form:
    return "function" if isinstance(node, Callish) else "class" if isinstance(node, ast.ClassDef) else "constant"


def _import_source(name: str, bindings: list[Binding]) -> str | None:
    """Import statements reduced to the one name; None when something else binds it."""
    lines: list[str] = []
    for binding in bindings:
        node = binding.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return None
        for alias in node.names:
            bound = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0])
            if bound == name:
                what = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                start = f"from {'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
                lines.append(f"{start}import {what}\n")
    return "".join(dict.fromkeys(lines))


def _is_portable(name: str, bindings: list[Binding]) -> bool:
    """Whether a statement means the same in every module: an import, or a logger."""
    if _import_source(name, bindings) is not None:
        return len(bindings) == 1 or bindings[0].guard is None
    statement = bindings[-1].node
    single = isinstance(statement, ast.Assign) and len(bindings) == len(statement.targets) == 1
    value = statement.value if isinstance(statement, ast.Assign) and single and _is_name(statement.targets[0], name) else None
    if not isinstance(value, ast.Call) or ast.unparse(value.func) not in ("logging.getLogger", "getLogger") or value.keywords:
        return False
    return all(isinstance(arg, ast.Constant) or _is_name(arg, "__name__") for arg in value.args)


def renamed(source: str, name: str, free: str) -> str | None:
    """A statement that binds `name`, so that it binds `free` instead; None where that cannot be written."""
    body = ast.parse(source).body
    if name == free:
        return source
    if len(body) != 1:
        return None
    statement = body[0]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        alias = statement.names[0]
        if isinstance(statement, ast.Import) and "." in alias.name and not alias.asname:
            return None
        alias.asname = free
        return ast.unparse(statement) + "\n"
    return free + source[len(name) :] if isinstance(statement, ast.Assign) and source.startswith(name) else None
