"""Python code carried over from a legacy source: text, plus marks where it touched the legacy API."""

from __future__ import annotations

import ast
from typing import Any, Literal

from pydantic import model_validator

from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Expr


class Frame(Frozen):
    """One entry of a call stack, outermost first; `line` from 1."""

    file: str
    line: int
    function: str = "<module>"


class Origin(Frozen):
    """Where something was made: file (as the user named it), line from 1, column from 0, and the call stack that led there."""

    file: str
    line: int
    column: int = 0
    stack: tuple[Frame, ...] = ()


class SourceText(Frozen):
    """An expression as it stands in the source: line from 1, column from 0."""

    text: str
    file: str = ""
    line: int = 1
    column: int = 0


class ArgumentSource(SourceText):
    """The expression that an argument was given as, where it was written: in a call, a dict of defaults, an assignment.

    `bound_to` is what a plain name stood for there, where that is one expression; a parameter stands for what its caller gave.
    """

    name: str
    bound_to: SourceText | None = None

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        """As it was stored before places were known: name and text."""
        return {"name": value[0], "text": value[1]} if isinstance(value, list | tuple) and len(value) == 2 else value


SpanKind = Literal[
    "value",  # replace the text by the printed `value` (a pulled output, a context name, a variable, a parameter ...)
    "push",  # a statement that hands over `value` (text in `argument`) under the name `key`
    "skip",  # `raise <legacy skip exception>(...)`: the whole statement; `argument` is the message's source text, or empty
    "fail",  # `raise <legacy fail-without-retry exception>(...)`: the same form
    "exception",  # the name of a legacy exception that is an ordinary failure (in `raise` and `except`)
    "skip_type",  # the name of the legacy skip exception outside of `raise`, as in `except`
    "update",  # a part of a statement that tells of an updated asset; in `argument` that of the call `updated(asset, extra, alias=...)`
    "drop",  # text that must go: a legacy import inside the body, a parameter such as **context that is not needed any more
]


class Span(Frozen):
    """A piece `source[start:end]` (offsets in characters) of a function or definition that the writer replaces."""

    start: int
    end: int
    kind: SpanKind
    value: Expr | None = None
    key: str | None = None
    argument: str = ""


class Argument(Frozen):
    """One parameter of a function: `annotation` and `default` are source text, None when absent."""

    name: str
    annotation: str | None = None
    default: str | None = None
    form: Literal["positional", "keyword", "var_positional", "var_keyword"] = "positional"


class Function(Frozen):
    """A `def` as it stands in the source: dedented, without decorators, comments kept.

    `parameters` lists those that remain once the legacy engine's own (context, ti, ...) are resolved; `header_end` is the offset
    just behind the colon of the signature, so that `source[header_end:]` is the body. `uses` names `Definition`s it needs.
    `blockers` says why the body still needs the legacy package: with any, the task is a placeholder; `notes` what is not quite the same.
    """

    name: str
    source: str
    header_end: int
    parameters: tuple[Argument, ...] = ()
    returns: str | None = None
    doc: str | None = None
    spans: tuple[Span, ...] = ()
    uses: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    may_skip: bool = False
    is_async: bool = False
    is_generator: bool = False
    origin: Origin | None = None


class Definition(Frozen):
    """A module-level statement that carried-over code needs: an import, a constant, a function or a class.

    `module` is empty for the workflow's own file, else the dotted name of the sibling module it stands in. `name` is the name it
    binds, unique within the workflow: where several modules bind the same name, it is led by the module (`shop.helpers.log`; the text
    of the code binds what follows the last dot); `uses` are further definitions; `spans` and `blockers` as for `Function`.
    """

    name: str
    module: str = ""
    form: Literal["import", "constant", "function", "class"]
    source: str
    uses: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    blockers: tuple[str, ...] = ()
    origin: Origin | None = None


def own_returns(node: ast.AST) -> list[ast.Return]:
    """The `return` statements of a function, without those of functions inside it."""
    found: list[ast.Return] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            found.append(child)
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            found += own_returns(child)
    return found
