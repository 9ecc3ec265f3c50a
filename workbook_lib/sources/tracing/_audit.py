"""Python's audit hook of a worker, made so that what runs later cannot reach into it.

`sealed()` gives these functions in a namespace and with builtins of their own: patched modules and builtins do not matter to them. The
hook's own frame, which the traceback of a refusal shows, holds nothing that leads back to them.
Events: https://docs.python.org/3/library/audit_events.html.
"""

from __future__ import annotations

import builtins
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "pty.", "ctypes.",
    "os.kill", "signal.pthread_kill", "gc.get_", "sys._current_", "sys.setprofile", "sys.settrace", "sys.monitoring", "urllib.",
    "ftplib.", "smtplib.", "http.client.", "poplib.", "imaplib.", "telnetlib.", "nntplib.", "webbrowser.", "os.setxattr",
    "os.removexattr", "syslog.", "fcntl.ioctl", "resource.", "code.__new__",
    "os.memfd_create", "os.pidfd_open", "os.sched_set", "os.setpriority", "signal.pidfd_send_signal",
)  # fmt: skip
# Events about paths: how many of the first arguments are paths, and where the folders follow that these are relative to.
PATHS: dict[str, tuple[int, tuple[int, ...]]] = {
    "os.remove": (1, (1,)), "os.rename": (2, (2, 3)), "os.rmdir": (1, (1,)), "os.mkdir": (1, (2,)), "os.chmod": (1, (2,)),
    "os.chown": (1, (3,)), "os.chflags": (1, ()), "os.link": (2, (2, 3)), "os.symlink": (2, (2, 2)), "os.truncate": (1, ()),
    "os.utime": (1, (3,)), "shutil.rmtree": (1, (1,)), "shutil.move": (2, ()), "shutil.chown": (1, ()), "sqlite3.connect": (1, ()),
    "os.mkfifo": (1, ()), "os.mknod": (1, ()),
}  # fmt: skip
_READS = frozenset({"os.listdir", "os.scandir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HARMLESS = frozenset({"/dev/null", "/dev/urandom", ":memory:", ""})


class BlockedError(PermissionError):
    """The traced file tried something that reading does not do."""


def sealed() -> dict[str, Any]:
    """A copy of this module that no import leads to."""
    code = sys.modules[__name__].__loader__.get_code(__name__)  # type: ignore[union-attr]
    names: dict[str, Any] = {"__name__": __name__, "__builtins__": dict(vars(builtins)), "BlockedError": BlockedError}
    exec(code, names)
    return names


def teller(report: int, files: Sequence[str], libraries: Sequence[str]) -> Callable[..., None]:
    """The function that tells one attempt down the pipe, with file and line of the innermost frame in the user's `files`.

    `files` are prefixes of paths, `libraries` those among them that are not the user's. Of `surely` False only with such a frame: the
    reader itself looks around as well. `known` is the place where it is known already. One Python literal a line.
    """
    write, frame_at, text_of, most = os.write, sys._getframe, ascii, [100]
    starts, mine, theirs = str.startswith, tuple(files), tuple(libraries)

    def tell(what: str, detail: Any, depth: int = 1, surely: bool = True, known: Any = None) -> None:
        frame: Any = frame_at(depth)
        while frame is not None and not (starts(frame.f_code.co_filename, mine) and not starts(frame.f_code.co_filename, theirs)):
            frame = frame.f_back
        most[0] -= 1 if surely or frame is not None else 0
        if most[0] < 0 or (frame is None and not surely):
            return
        place = known or ((frame.f_code.co_filename[:4000], frame.f_lineno or 1) if frame is not None else ("", 1))
        shown = detail[:200] if type(detail) is str else text_of(detail)[:200] if type(detail) in (bytes, int) else type(detail).__name__
        try:
            write(report, f"{text_of((what[:60], shown, *place))}\n".encode())
        except OSError:
            return

    return tell


def reality() -> Callable[[str], str]:
    """A function that resolves a path through its links, as `os.path.realpath`; it remembers folders that no worker can change."""
    link_of, here, split, join = os.readlink, os.getcwd, str.split, str.join
    starts = str.startswith

    def real(path: str) -> str:
        left = split(path if starts(path, "/") else f"{here()}/{path}", "/")[::-1]
        done: list[str] = []
        links = 0
        while left:
            name = left.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if done:
                    done.pop()
                continue
            try:
                target = link_of("/" + join("/", [*done, name]))
            except (OSError, ValueError):
                done.append(name)
                continue
            links += 1
            if links > 40:
                return ""
            if starts(target, "/"):
                done = []
            left += split(target, "/")[::-1]
        return "/" + join("/", done)

    return real


def checker(
    scratch: str, readable: Sequence[str], settled: Sequence[str], guarded: frozenset[int], tell: Callable[..., None]
) -> Callable[..., str]:
    """A function of an event and its arguments that says why it is refused, or nothing. `settled` are named without links."""
    real, facts_of, link_of, refused, paths, reads = reality(), os.lstat, os.readlink, REFUSED, dict(PATHS), _READS
    starts, text_of, bytes_to, code = str.startswith, str.__str__, bytes.decode, sys.getfilesystemencoding()
    inside = real(scratch) + "/"
    known = {*settled, *readable, *(real(place) for place in readable)} - {"", "/"}
    open_places = tuple(place.rstrip("/") + "/" for place in known)
    harmless, writing, channels = _HARMLESS, _WRITING, guarded
    folders: dict[str, bool] = {}  # of names of folders that no worker can change: whether they may be read

    def named(path: Any, folder: Any = -1) -> str | None:
        """The path as text, None where it is none."""
        if isinstance(path, str):
            text = text_of(path)
        elif isinstance(path, bytes):
            text = bytes_to(path, code, "surrogateescape")
        elif path is None:
            text = "."
        else:
            return None
        if type(folder) is int and folder >= 0 and not starts(text, "/"):
            return f"{link_of(f'/proc/self/fd/{folder}')}/{text}"
        return text

    def may_write(path: Any, folder: Any = -1) -> bool:
        if isinstance(path, int):
            return path not in channels
        text = named(path, folder)
        return text is not None and (text in harmless or starts(real(text) + "/", inside))

    def hidden(text: str) -> bool:
        """Whether something is there, or nobody may know."""
        try:
            facts_of(text)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return True

    def may_read(path: Any) -> bool:
        if isinstance(path, int):
            return path not in channels
        text = named(path)
        if text is None:
            return False
        if text in harmless:
            return True
        above, _, last = text.rpartition("/")
        if last not in ("", ".", "..") and starts(text, "/") and above in folders:
            try:
                link_of(text)
            except (OSError, ValueError):
                return folders[above]
        place = real(text) + "/"
        allowed = starts(place, open_places) or starts(place, inside)
        if allowed and starts(text, "/") and not starts(place, inside) and real(above) == place[:-1].rpartition("/")[0]:
            folders[above] = True
        return allowed or not hidden(text)  # that it is not there is for the file to find out

    def check(event: str, args: Any) -> str:
        if event == "open":
            path, mode, flags = args
            writes = bool(flags & writing) if isinstance(flags, int) else any(letter in "wax+" for letter in mode or "")
            if writes and not may_write(path):
                what = "write"
            elif not writes and not may_read(path):
                what = "read"
            else:
                return ""
            shown: Any = path
        elif event in paths:
            count, where = paths[event]
            at = [args[position] if position < len(args) else -1 for position in where] + [-1, -1]
            if all(may_write(args[number], at[number]) for number in range(count)):
                return ""
            what, shown = event, args[0]
        elif event in reads:
            if may_read(args[0]):
                return ""
            what, shown = event, args[0]
        elif starts(event, refused) or (event == "fcntl.fcntl" and args[0] in channels):
            what, shown = event, args[0] if args else ""
        else:
            return ""
        tell(what, shown, 4, what != "read" and what not in reads)
        return f"{what} is refused while reading"

    def surely(event: str, args: Any) -> str:
        try:
            return check(event, args)
        except BaseException:  # deep recursion, for example: the traceback would show frames that lead here
            return f"{event} is refused while reading"

    return surely


def install(scratch: str, readable: Sequence[str], settled: Sequence[str], guarded: frozenset[int], tell: Callable[..., None]) -> None:
    """Refuse, from now on and for good, whatever reading does not need."""

    checks = checker(scratch, readable, settled, guarded, tell)

    def hook(event: str, args: Any, check: Any = checks, error: Any = BlockedError) -> None:
        try:
            why = check(event, args)
        finally:
            del check  # the traceback of the refusal shows this frame
        if why:
            raise error(why)

    names: dict[str, Any] = {"__builtins__": {}}
    sys.addaudithook(types.FunctionType(hook.__code__, names, "hook", hook.__defaults__))
