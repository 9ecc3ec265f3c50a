"""Python names for legacy ids: legal, unique, close to the original."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

# https://docs.prefect.io/v3/concepts/tasks: arguments of every call, which no task or flow can have as parameters.
KEPT_BY_PREFECT = frozenset({"return_state", "wait_for"})
# Parameters of the emitted `submit` and `submit_each`: so is no task's that they start.
KEPT_BY_RULES = frozenset({"after", "all_first", "early", "gates", "index", "make_gate", "needs", "over", "rule", "takes", "work"})
# Names that generated modules use themselves.
_TAKEN = frozenset({
    "UTC", "Any", "Path", "State", "Variable", "chosen", "concurrency", "date", "datetime", "finish", "flow", "get_run_logger", "growing",
    "interval_start", "json", "marker", "moment_of", "no_on_error", "os", "peek", "pick", "prefect", "run_has", "run_shell",
    "run_shell_or_skip", "run_to_its_end", "runtime", "shell_succeeds", "skip_on_error", "stored_connection", "submit",
    "submit_each", "subprocess", "task", "timedelta", "today_at", "unmapped", "wait", "wait_for_value", "wait_or_give_up", "wait_or_skip",
    "wait_until",
})  # fmt: skip

_REFUSED = str.maketrans(dict.fromkeys("/%&<>{}\0", "-"))
_LONGEST = 100  # of a file's name, where 255 bytes is what a file system takes


def identifier(text: str) -> str:
    """`text` as a legal, non-keyword Python identifier in lower case words; never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"\W+", "_", plain).strip("_")
    if not name or name[0].isdigit():
        name = f"n_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) or name in ("match", "case", "type", "_") else name


def flow_name(workflow_id: str) -> str:
    """The name that Prefect knows the flow by: the function's with dashes, or the legacy id where that is no Python name."""
    return workflow_id.replace("_", "-") if identifier(workflow_id) == workflow_id else deployment_name(workflow_id)


def deployment_name(workflow_id: str) -> str:
    """The legacy id without what Prefect refuses in names of flows and deployments, and without the braces of its templates."""
    return workflow_id.translate(_REFUSED)


def variable_name(name: str) -> str:
    """A legacy variable's name as Prefect accepts it: lower case letters, digits and underscores.

    https://docs.prefect.io/v3/concepts/variables
    """
    return identifier(name).lower()


def block_name(name: str) -> str:
    """A connection's name as Prefect accepts it for a block: lower case letters, digits and dashes.

    https://docs.prefect.io/v3/concepts/blocks
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class Names:
    """Hands out names that differ from each other, from builtins and from what generated modules use."""

    def __init__(self, reserved: frozenset[str] | set[str] = frozenset()) -> None:
        self._used = set(reserved) | _TAKEN | KEPT_BY_PREFECT | set(dir(builtins))
        self.given: set[str] = set()

    def take(self, wish: str) -> str:
        """`wish` made legal, with a number behind it when it is taken."""
        base = name = identifier(wish)
        number = 2
        while name in self._used:
            name, number = f"{base}_{number}", number + 1
        self._used.add(name)
        self.given.add(name)
        return name

    def reserve(self, name: str) -> None:
        """Keep exactly this name from being handed out."""
        self._used.add(name)

    def free(self, name: str) -> bool:
        """Whether `name` is still to be had."""
        return name not in self._used


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: such files cannot be checked out there.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})


class FileNames:
    """Hands out names of modules that differ also where a file system ignores case."""

    def __init__(self) -> None:
        self._names = Names()
        self._used = set(DEVICES)

    def take(self, wish: str) -> str:
        """`wish` made legal and not too long, with a number behind it when it is taken."""
        base = name = identifier(wish)[:_LONGEST]
        number = 2
        while name.casefold() in self._used or not self._names.free(name):
            name, number = f"{base}_{number}", number + 1
        self._used.add(name.casefold())
        return name
