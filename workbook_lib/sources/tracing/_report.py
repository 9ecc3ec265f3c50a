"""What a worker tells at once, beside its answer: each refused attempt, and where it was when its time or the interpreter ended.

Both go down a pipe of their own the moment they happen, so that nothing that runs later can take them back. A line with a Python
literal is an attempt (`_audit.teller`); the rest is what `faulthandler` writes (https://docs.python.org/3/library/faulthandler.html).
"""

from __future__ import annotations

import ast
import faulthandler
import os
import re
import signal
from typing import Any

MAX_ATTEMPTS = 100
_MAX_BYTES = 1 << 17
_FRAME = re.compile(r'^  File "(.*)", line (\d+) in ', re.MULTILINE)
_LONGEST = 50_000


def channel() -> tuple[int, int]:
    """A pipe whose writer never waits: what does not fit is lost, the worker is not held up."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return reader, writer


def watch(writer: int, seconds: float | None) -> None:
    """In the worker: tell the lines that are being executed when it crashes, or is not done after `seconds`, and end it then.

    What hangs in C does not come to Python's own handler: the server makes such a worker crash (SIGABRT), which `faulthandler` tells. A
    thread of `faulthandler`'s own that waits would cost every worker as much as several layers of its enclosure.
    """
    faulthandler.enable(writer, all_threads=False)
    if seconds is None:
        return
    write, leave = os.write, os._exit

    def over(number: int, frame: Any) -> None:
        frames: list[str] = []
        while frame is not None and len(frames) < 100:
            frames.append(f'  File "{_as_told(frame.f_code.co_filename)}", line {frame.f_lineno} in ')
            frame = frame.f_back
        try:
            write(writer, "\n".join(("Timeout (exact)", "Thread of Python", *frames, "")).encode())
        finally:
            leave(1)

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def collect(reader: int, file: str) -> dict[str, Any]:
    """In the server, after the worker's end: what was `blocked`, whether its time was `over`, and its `line` in the file where known."""
    data = b""
    try:
        while len(data) < _MAX_BYTES and (chunk := os.read(reader, 1 << 16)):
            data += chunk
    except BlockingIOError:
        pass
    blocked: list[dict[str, Any]] = []
    rest: list[str] = []
    for line in data.decode(errors="replace").split("\n"):
        attempt = _attempt(line) if line.startswith(("('", '("')) and len(blocked) < MAX_ATTEMPTS else None
        if attempt is None:
            rest.append(line)
        elif attempt not in blocked:
            blocked.append(attempt)
    text = "\n".join(rest)
    found: dict[str, Any] = {"blocked": blocked, "over": re.search(r"^Timeout \(", text, re.MULTILINE) is not None}
    # Of several threads, the one that reads is the oldest, hence the last.
    for stack in re.split(r"^(?:Current thread|Thread|Stack) ", text, flags=re.MULTILINE)[:0:-1]:
        lines = [int(number[:9]) for name, number in _FRAME.findall(stack) if name == _as_told(file)]
        if lines:
            return found | {"line": max(lines[0], 1)}
    return found


def _attempt(line: str) -> dict[str, Any] | None:
    """One attempt, cut to size; the worker ran somebody's program."""
    try:
        told = ast.literal_eval(line[:_LONGEST])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not isinstance(told, tuple) or list(map(type, told)) != [str, str, str, int]:
        return None
    what, detail, file, number = told
    return {"what": _text(what)[:60], "detail": _text(detail)[:200], "file": _text(file), "line": min(max(number, 1), 1 << 30)}


def _text(text: str) -> str:
    return text.encode(errors="replace").decode()


def _as_told(file: str) -> str:
    """A file name as `faulthandler` writes it: at most 500 characters, ASCII."""
    escaped = [c if " " <= c <= "~" else f"\\x{ord(c):02x}" if c < "\x80" or ord(c) < 256 else _wide(c) for c in file[:500]]
    return "".join(escaped) + ("..." if len(file) > 500 else "")


def _wide(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 1 << 16 else f"\\U{ord(character):08x}"
