"""Turns carried-over functions and definitions into plain Python by filling their marked spans."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field

from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Definition, Function, Span, own_returns
from workbook_lib.prefect_writer.python._expr import Unprintable, literal

_QUOTE = re.compile(r"""(\w*)(\'\'\'|\"\"\"|\'|\")""")
_ASSIGNED = re.compile(r"(?:^|\n)[ \t]*(\w+)[ \t]*=[ \t]*\Z")


@dataclass
class Filled:
    """The body behind the signature (starting on a line of its own), and what it needs from `shared.trigger_rules`.

    `hoisted` are statements to put in front: values inside of an f-string that no kind of quotes fits into.
    """

    body: str
    rules: set[str] = field(default_factory=set)
    hoisted: list[str] = field(default_factory=list)


def assigned_name(function: Function, span: Span) -> str | None:
    """The name in `name = <span>` when that statement is all there is on its line and the only binding of the name; else None."""
    source = function.source
    before, after = source[: span.start], source[span.end :]
    match = _ASSIGNED.search(before)
    if match is None or after.split("\n", 1)[0].split("#", 1)[0].strip():
        return None
    name = match.group(1)
    stores = re.findall(
        rf"(?<![\w.]){re.escape(name)}\s*(?:=(?!=)|:=|\+=|-=|\*=|/=)|(?:for|as|global|nonlocal|del)\s+{re.escape(name)}\b", source
    )
    return name if len(stores) == 1 and name not in {argument.name for argument in function.parameters} else None


OUTPUTS = "outputs"  # what a task hands over by name, collected in its body


def pushes(function: Function) -> bool:
    """Whether the function hands over values by name, beside what it returns."""
    return any(span.kind == "push" for span in function.spans)


def outputs_start(function: Function, *, asked: bool = False) -> str:
    """The statement that makes `outputs`; None stands for what is handed over on some ways only, as Airflow pulls what is not there.

    `asked`: some task takes the return value, which is then always there.
    """
    keys = [*_perhaps_pushed(function), *(["return_value"] if asked and _perhaps_nothing(function) else [])]
    return f"    {OUTPUTS}{': dict' if keys else ''} = {{{', '.join(f'{literal(key)}: None' for key in keys)}}}"


def _perhaps_nothing(function: Function) -> bool:
    """Whether a function returns nothing, on some of its ways."""
    tree = ast.parse(function.source).body[0]
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    returned = [node.value for node in own_returns(tree)]
    nothing = any(value is None or (isinstance(value, ast.Constant) and value.value is None) for value in returned)
    return nothing or not isinstance(tree.body[-1], ast.Return)


def _perhaps_pushed(function: Function) -> list[str]:
    """The names that a function hands over on some of its ways only."""
    tree = ast.parse(function.source).body[0]
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    lines = [node.lineno for node in tree.body if isinstance(node, ast.Expr)]
    first = next((n.lineno for n in ast.walk(tree) if isinstance(n, ast.Return) and n is not tree.body[-1]), None)
    keys: dict[str, bool] = {}
    for span in function.spans:
        if span.kind == "push" and span.key is not None:
            line = function.source.count("\n", 0, span.start) + 1
            surely = line in lines and (first is None or line < first)
            keys[span.key] = keys.get(span.key, False) or surely
    return [key for key, surely in keys.items() if not surely]


def rebinds(source: str, name: str) -> bool:
    """Whether a function gives a name, such as one of its parameters, another value; or leaves that to a function inside of it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return True
    stores = any(isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for node in ast.walk(tree))
    return stores or sum(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(tree)) > 1


def hand_over(body: str) -> str:
    """A body that fills `outputs`: it returns that dict, with what it used to return under "return_value"."""
    function = ast.parse("def f():\n" + body).body[0]
    assert isinstance(function, ast.FunctionDef)
    lines = body.encode().split(b"\n")
    for node in sorted(own_returns(function), key=lambda node: node.lineno, reverse=True):
        at, column = node.lineno - 2, node.col_offset
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            lines[at] = lines[at][:column] + f"return {OUTPUTS}".encode()
            del lines[at + 1 : (node.end_lineno or node.lineno) - 1]
        else:
            last = (node.end_lineno or node.lineno) - 2
            lines[last] = lines[last][: node.end_col_offset] + b"}" + lines[last][node.end_col_offset :]
            lines[at] = lines[at][:column] + f'return {OUTPUTS} | {{"return_value": '.encode() + lines[at][node.value.col_offset :]
    text = b"\n".join(lines).decode()
    return text if isinstance(function.body[-1], ast.Return) else f"{text}\n    return {OUTPUTS}"


def fill(function: Function, show: Callable[[Expr, str | None], str]) -> Filled:
    """The function's body with every span replaced.

    `show(expr, wish)` prints an expression in the scope of the body, `wish` being the name that the source gives to the value;
    Unprintable passes through. Statements of the form `name = <value>` vanish when the printed value is that very name, because it
    arrives as an argument.
    """
    rules: set[str] = set()
    hoisted: list[str] = []
    quoted = _inside_f_strings(function.source)
    pieces, at = [], function.header_end
    for span in sorted(function.spans, key=lambda span: span.start):
        if span.start < function.header_end:
            continue
        if span.start < at:
            raise Unprintable("two marks in the body overlap")
        wish = assigned_name(function, span) if span.kind == "value" else None
        text = f"{OUTPUTS}[{literal(span.key)}] = {span.argument}" if span.kind == "push" else _replacement(span, show, wish, rules)
        quote = next((q for start, end, q in reversed(quoted) if start < span.start < end), None) if span.kind == "value" else None
        text = _fitting(text, quote) if quote is not None else text
        if quote is not None and (quote in text or "\\" in text or "\n" in text):
            name = f"value_{len(hoisted) + 1}"
            hoisted.append(f"    {name} = {text}")
            text = name
        text = f" {text}" if quote is not None and text.startswith("{") else text  # two braces would be one of the text
        before = function.source[at : span.start]
        if wish is not None and text == wish:
            match = _ASSIGNED.search(before)
            if match is not None:
                before, text = before[: match.start() + (1 if before[match.start() : match.start() + 1] == "\n" else 0)], ""
                line_end = function.source.find("\n", span.end)
                at = len(function.source) if line_end < 0 else line_end + 1
                pieces.append(before)
                continue
        pieces += [before, text]
        at = span.end
    pieces.append(function.source[at:])
    block = _as_block("".join(pieces))
    return Filled(block if "if False:" in function.source else _without_dead(block), rules, hoisted)


def _without_dead(body: str) -> str:
    """The body without what stands behind an `if` whose condition became False, where the legacy source asked what the flow always has."""
    if "if False:" not in body:
        return body
    lines = body.encode().split(b"\n")
    suites = (getattr(node, name, None) for node in ast.walk(ast.parse("def f():\n" + body)) for name in ("body", "orelse", "finalbody"))
    dead = [
        one
        for suite in suites
        if isinstance(suite, list) and len(suite) > 1
        for one in suite
        if isinstance(one, ast.If) and isinstance(one.test, ast.Constant) and one.test.value is False and not one.orelse
    ]
    for one in sorted(dead, key=lambda one: one.lineno, reverse=True):
        if lines[one.lineno - 2].lstrip().startswith(b"if "):  # not the `elif` of another
            del lines[one.lineno - 2 : (one.end_lineno or one.lineno) - 1]
    return b"\n".join(lines).decode()


def _fitting(text: str, quote: str) -> str:
    """An expression in the other kind of quotes where those of the f-string around it would end it, as Python 3.11 has it."""
    other = "'" if quote[0] == '"' else '"'
    return text.replace(quote[0], other) if quote in text and other not in text and "\\" not in text else text


def _inside_f_strings(source: str) -> list[tuple[int, int, str]]:
    """Offsets and quotes of the f-strings of a function's source, those inside others behind them."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found: list[tuple[int, int, str]] = []
    waiting: list[tuple[int, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            begins, ends = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
            kind = tokenize.tok_name[token.type]
            prefix, quote = _QUOTE.match(token.string).groups() if kind in ("STRING", "FSTRING_START") else ("", "")  # type: ignore[union-attr]
            if kind == "FSTRING_START":  # from Python 3.12 on
                waiting.append((begins, quote))
            elif kind == "FSTRING_END":
                start, quote = waiting.pop()
                found.append((start, ends, quote))
            elif "f" in prefix.lower():
                found.append((begins, ends, quote))
    except (tokenize.TokenError, SyntaxError):
        return []
    return sorted(found)


def fill_definition(definition: Definition, show: Callable[[Expr, str | None], str]) -> Filled:
    """A module-level statement with its spans replaced."""
    rules: set[str] = set()
    pieces, at = [], 0
    for span in sorted(definition.spans, key=lambda span: span.start):
        pieces += [definition.source[at : span.start], _replacement(span, show, None, rules)]
        at = span.end
    return Filled("".join([*pieces, definition.source[at:]]), rules)


def _replacement(span: Span, show: Callable[[Expr, str | None], str], wish: str | None, rules: set[str]) -> str:
    if span.kind == "value":
        if span.value is None:
            raise Unprintable("a mark without its value")
        return show(span.value, wish)
    if span.kind in ("skip", "fail"):
        name = "Skip" if span.kind == "skip" else "FinalFailure"
        rules.add(name)
        return f"raise {name}({span.argument})"
    if span.kind == "skip_type":
        rules.add("Skip")
        return "Skip"
    if span.kind == "exception":
        return "RuntimeError"
    if span.kind == "update":
        rules.add("updated")
        return span.argument
    if span.kind == "drop":
        return ""
    raise Unprintable(f"it hands over {span.key!r} beside its return value")


def _as_block(body: str) -> str:
    """The body as lines below the signature; a body on the signature's own line is moved down."""
    first, _, rest = body.partition("\n")
    if first.strip() and not first.strip().startswith("#"):
        return f"    {first.strip()}" + (f"\n{rest}" if rest.strip() else "")
    body = (f"    {first.strip()}\n" if first.strip() else "") + rest
    return _not_empty(body.rstrip("\n"))


def _not_empty(body: str) -> str:
    try:
        ast.parse("def f():\n" + body)
    except SyntaxError:
        if not body.strip() or all(line.strip().startswith("#") or not line.strip() for line in body.split("\n")):
            return f"{body}\n    return None".lstrip("\n")
    return body


def names_in(source: str) -> set[str]:
    """Every plain name that a piece of source mentions."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set(re.findall(r"\b[A-Za-z_]\w*\b", source))
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
