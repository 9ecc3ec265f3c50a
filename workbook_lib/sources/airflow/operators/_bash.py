"""Shell tasks: BashOperator and @task.bash.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/bash.html
"""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import replace

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow.operators._room import Built, Case, Unfit
from workbook_lib.sources.airflow.templates import compile_value

# Programs and shell words that never end with a status that means "skipped" (99 unless set otherwise).
_CALM_WORDS = """
    : [ [[ awk basename cat cd chmod cp cut date df dirname do done du echo elif else env export fi file find for grep gunzip gzip head
    hostname id if in jobs ls mkdir mktemp mv popd printenv printf pushd pwd read readlink realpath rm rmdir sed seq set shift sleep sort
    stat tail tar tee test then time touch tr true false tty uname uniq unset until wait wc which while whoami
"""
_CALM = frozenset(_CALM_WORDS.split())
_WORDS = frozenset({"then", "do", "else", "elif", "if", "while", "until", "time", "!", "{", "}"})
_SEPARATORS = re.compile(r"^[;&|()\n]+$")


def may_exit_with(command: str, skips: tuple[int, ...]) -> bool:
    """Whether a command could end with one of the statuses in `skips`: conservatively, any program not known to be calm could."""
    if not skips:
        return False
    text = re.sub(r"\d*>&\d*|&>>?", " > ", command).replace("`", " ; ").replace("$(", " ; (")
    lexer = shlex.shlex(text.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return True
    first = True
    for number, word in enumerate(words):
        if _SEPARATORS.match(word) or (first and word in _WORDS):
            first = True
        elif first and not re.match(r"^\w+=", word):
            if word == "exit":
                status = words[number + 1] if number + 1 < len(words) else ";"
                if not _SEPARATORS.match(status) and not (status.isdigit() and int(status) % 256 not in skips):
                    return True
            elif word not in _CALM and not word.startswith("#"):
                return True
            first = False
    return False


def _literal_text(expr: Expr) -> str:
    """The command with every value that is only known later as a plain word."""
    if isinstance(expr, x.Constant):
        return str(expr.value)
    if isinstance(expr, x.Format):
        return "".join(_literal_text(part) for part in expr.parts)
    if isinstance(expr, x.Conditional):
        return f"{_literal_text(expr.then)}\n{_literal_text(expr.otherwise)}"
    return "VALUE"


def _skip_on(case: Case) -> tuple[int, ...]:
    name = "skip_exit_code" if "skip_exit_code" in case.given.values else "skip_on_exit_code"
    if name not in case.given.values:
        return (99,)
    codes = case.given.plain(name)
    if codes is None:
        return ()
    return tuple(codes) if isinstance(codes, list) else (int(str(codes)),)


def _surroundings(case: Case) -> dict[str, object]:
    environment = case.templated("env")
    keep = case.given.plain("do_xcom_push", True) and case.given.plain("xcom_push", True)
    case.given.used |= {"append_env", "output_encoding"}
    return {
        "environment": environment,
        "inherit": environment is None or bool(case.given.plain("append_env", False)),
        "directory": case.templated("cwd"),
        "skip_on": _skip_on(case),
        "returns": "last_line" if keep else "none",
        "output": _output(case),
        "several_outputs": bool(case.given.plain("multiple_outputs", False)),
    }


def _output(case: Case) -> PythonCall | x.Call | None:
    """What `output_processor` makes of the last line."""
    target = case.given.take("output_processor")
    line = x.Element(name="output")
    if target is None:
        return None
    if isinstance(target, x.Callable) and target.name == "json.loads":
        return x.Call(function="json_loads", args=(line,))
    call = case.room.binder.call(target, (line,), {}, case.scope).call
    if call.function.blockers:
        raise Unfit(f"its `output_processor` cannot be carried over: {call.function.blockers[0]}")
    return call


def bash(case: Case) -> Built:
    """BashOperator."""
    pushes: dict[str, Expr] = {}
    case = replace(case, scope=case.scope.within(pushes=pushes))
    command = case.templated("bash_command", ".sh", ".bash")
    if command is None:
        raise Unfit("it has no `bash_command`")
    shell = Shell.model_validate({"command": command, **_surroundings(case), "pushes": tuple(pushes.items())})
    return Built(shell, may_skip=may_exit_with(_literal_text(command), shell.skip_on), files=case.files)


def bash_of(case: Case, call: PythonCall) -> Built:
    """@task.bash: the function returns the command, which is then rendered as a template once more."""
    surroundings = _surroundings(case)
    function = call.function
    inline = None if function.blockers else _returned(call, case)
    if inline is not None:
        shell = Shell.model_validate({"command": inline, **surroundings})
        return Built(shell, may_skip=function.may_skip or may_exit_with(_literal_text(inline), shell.skip_on))
    if not function.blockers and ("{{" in function.source or "{%" in function.source):
        blocker = "the command that it returns may be a template, which Airflow renders after the call"
        call = call.model_copy(update={"function": function.model_copy(update={"blockers": (blocker,)})})
    shell = Shell.model_validate({"command": x.Constant(value=""), "build": call, **surroundings})
    return Built(shell, may_skip=True if shell.skip_on else function.may_skip)


def _returned(call: PythonCall, case: Case) -> Expr | None:
    """The command, when the function does nothing but return a text made of literals and its own arguments."""
    function = call.function
    if function.spans or function.uses or function.is_generator or function.is_async or not function.source:
        return None
    definition = ast.parse(function.source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    body = [node for node in definition.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        return None
    bound = dict(call.arguments)
    returned = body[0].value
    pieces = returned.values if isinstance(returned, ast.JoinedStr) else [returned]
    parts: list[Expr] = []
    for piece in pieces:
        if isinstance(piece, ast.Constant) and isinstance(piece.value, str):
            parts.append(x.Constant(value=piece.value))
        elif (
            isinstance(piece, ast.FormattedValue)
            and piece.conversion == -1
            and piece.format_spec is None
            and isinstance(piece.value, ast.Name)
            and piece.value.id in bound
        ):
            parts.append(bound[piece.value.id])
        else:
            return None
    if not "".join(str(part.value) for part in parts if isinstance(part, x.Constant)).strip() and len(parts) < 2:
        return None  # an empty command makes Airflow fail
    return compile_value(x.Format(parts=tuple(parts)), case.scope)
