"""The command `workbook`: see `workbook --help`; the documents and exit statuses are a contract (ARCHITECTURE.md).

Exit status: 0 done; 1 done, but something differs or is left to a human; 2 bad usage or input.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any

from workbook_lib.cli._arguments import parser
from workbook_lib.cli._documents import error_document
from workbook_lib.cli._output import BAD, NotAgreed, document, one_line, quiet_stdout, say
from workbook_lib.errors import WorkbookError

_MODULES = {
    "read": "_read",
    "assess": "_convert",
    "convert": "_convert",
    "resolve": "_convert",
    "pilot": "_run",
    "record": "_run",
    "validate": "_validate",
    "batch": "_batch",
    "checkpoint": "_checkpoint",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = parser().parse_args(given)
    except WorkbookError as error:
        return _refuse(str(error), "--json" in given)
    if arguments.command == "read":  # it has to start fast, and to look for plugins takes as long as to read several files
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        gc.set_threshold(300_000, 20, 100)  # what it makes is trees: next to nothing of it is garbage in circles
    module = importlib.import_module(f"workbook_lib.cli.{_MODULES[arguments.command]}")
    command = getattr(module, arguments.command, None) or module.run
    more: dict[str, Any] = {}
    with quiet_stdout() as stdout:
        try:
            code: int = command(arguments, stdout)
            return code
        except KeyboardInterrupt:
            message = "stopped"
        except WorkbookError as error:
            message = str(error)
            more = {"executes": error.executes} if isinstance(error, NotAgreed) else {}
        except MemoryError:
            message = "not enough memory"
        except BrokenPipeError:
            return BAD
        except OSError as error:
            message = f"{error.filename or 'the system'}: {error.strerror or error}"
        except Exception as error:
            message = f"internal error, {type(error).__name__}: {error}; details in {_details()}"
        if arguments.json:
            stdout.write(document(error_document(one_line(message)) | more))
    say(message)
    return BAD


def _refuse(message: str, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(document(error_document(one_line(message))))
    say(message)
    return BAD


def _details() -> str:
    """Keep the traceback of a defect of ours in a file, for a report."""
    with tempfile.NamedTemporaryFile("w", prefix="workbook-", suffix=".log", delete=False, encoding="utf-8") as stream:
        traceback.print_exc(file=stream)
    return stream.name


def entry() -> None:
    """The console script."""
    sys.exit(main())
