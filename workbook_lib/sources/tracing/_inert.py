"""Inert stand-ins for packages that are not run: every name exists, everything may be called, nothing happens.

They behave the same whether the package is installed or not, so that reading does not depend on the machine.
"""

from __future__ import annotations

import dis
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from workbook_lib.sources.tracing._entries import END, MARK, STATE, Expr
from workbook_lib.sources.tracing._shown import shown
from workbook_lib.sources.tracing._symbols import entry_of, plain

MAX_SHOWN = 300
_HOOKS = os.path.dirname(__file__) + os.sep
DECIDED: dict[tuple[str, str, str, int], None] = {}  # where the user's code went by an inert value: what, the value, file, line
_UNPACK, _EXTENDED = dis.opmap["UNPACK_SEQUENCE"], dis.opmap["EXTENDED_ARG"]


class Shapes:
    """What a room recognises by its shape although the package is inert; it sets these before a file runs.

    `instance(path, args, kwargs)` gives the object that a call makes, `base(name, module)` the class to derive from; None: nothing known.
    `ordered(value)` is told of a value that stands beside `>>` or `<<`, and gives what it is taken for; None: nothing known.
    """

    instance: Callable[[str, tuple[Any, ...], dict[str, Any]], Any] = staticmethod(lambda path, args, kwargs: None)
    base: Callable[[str, str], type | None] = staticmethod(lambda name, module: None)
    ordered: Callable[[Any], Any] = staticmethod(lambda value: None)


def _decides(value: Inert, what: str) -> None:
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HOOKS):  # what the user's source calls in place of `not`, `==` ...
        frame = frame.f_back
    if frame is not None and STATE.is_user_file(frame.f_code.co_filename):
        DECIDED.setdefault((what, plain(value._workbook_path), frame.f_code.co_filename, frame.f_lineno))


def _shown(value: Any) -> str:
    entry = entry_of(value)
    if entry is not None:
        return shown(entry.expr)[:MAX_SHOWN]
    try:
        return plain(repr(value).replace(repr(MARK)[1:-1], MARK).replace(repr(END)[1:-1], END))[:MAX_SHOWN]
    except Exception:
        return f"<{type(value).__name__}>"


class Inert:
    """A value of an inert package; it remembers how it came about as source-like text."""

    def __init__(self, path: str) -> None:
        self.__dict__["_workbook_path"] = path[:2000]

    def _workbook_expr(self) -> Expr:
        return {"kind": "unknown", "source": self._workbook_path, "reason": "made by a package that is not run while reading"}

    @property
    def __name__(self) -> str:
        return str(self._workbook_path).rsplit(".", 1)[-1]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return attribute(f"{self.__dict__['_workbook_path']}.{name}", name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return inert_call(self._workbook_path, args, kwargs)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        module = str(self._workbook_path).rpartition(".")[0]
        return (Shapes.base(self.__name__, module) or make_class(self.__name__, module),)

    def __instancecheck__(self, other: Any) -> bool:
        return False

    def __subclasscheck__(self, other: Any) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        return Inert(f"{self._workbook_path}[{_shown(key)}]")

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        names = _names_beside(sys._getframe(1))
        if not names:
            _decides(self, "a loop without an element")
        return iter([self[position] for position in range(names)])

    def __len__(self) -> int:
        _decides(self, "a length of 0")
        return 0

    def __bool__(self) -> bool:
        _decides(self, "a condition, taken as true,")
        return True

    def __contains__(self, other: Any) -> bool:
        _decides(self, "a comparison, taken as false,")
        return False

    def __repr__(self) -> str:
        return str(self._workbook_path)

    def __int__(self) -> int:
        return 1

    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: Any) -> None:
        return None

    def __hash__(self) -> int:
        return hash(self._workbook_path)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Inert):
            _decides(self, "a comparison, taken as false,")
        return isinstance(other, Inert) and self._workbook_path == other._workbook_path

    def __lt__(self, other: Any) -> bool:
        _decides(self, "a comparison, taken as false,")
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def _combined(self, other: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _combined
    __or__ = __ror__ = __and__ = __rand__ = __mod__ = __floordiv__ = _combined

    def __rshift__(self, other: Any) -> Any:
        meant = Shapes.ordered(self)
        return other if meant is None else meant >> other

    def __lshift__(self, other: Any) -> Any:
        meant = Shapes.ordered(self)
        return other if meant is None else meant << other

    def __rrshift__(self, other: Any) -> Any:
        meant = Shapes.ordered(self)
        return self if meant is None else other >> meant

    def __rlshift__(self, other: Any) -> Any:
        meant = Shapes.ordered(self)
        return self if meant is None else other << meant

    def __neg__(self) -> Any:
        return self


def _names_beside(frame: types.FrameType) -> int:
    """How many names the caller unpacks into: `a, b = inert` has two, a loop none."""
    code, position = frame.f_code.co_code, frame.f_lasti
    if position < 0 or code[position] != _UNPACK:
        return 0
    count = code[position + 1]
    return count if position < 2 or code[position - 2] != _EXTENDED else 0


def inert_call(path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of calling something inert: a decorated function or class is handed back as it is."""
    if len(args) == 1 and not kwargs and isinstance(args[0], (types.FunctionType, type)):
        return args[0]
    found = Shapes.instance(path, args, kwargs)
    if found is not None:
        return found
    shown = [_shown(arg) for arg in args] + [f"{name}={_shown(value)}" for name, value in kwargs.items()]
    made = Inert(f"{path}({', '.join(shown)})")
    made.__dict__["_workbook_given"] = args
    return made


class InertObject:
    """Base of classes of the repository that derive from an inert class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name, value in kwargs.items():
            setattr(self, name, value)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(f"{type(self).__name__}().{name}")


def make_class(name: str, module: str) -> type:
    """A fresh inert class to derive from."""
    base: type = Exception if is_exception(name) else InertObject
    return type(name if name.isidentifier() else "Inert", (base,), {"__module__": module})


def is_exception(name: str) -> bool:
    """Whether a name is spelled as exceptions are."""
    return name.endswith(("Error", "Exception", "Timeout", "Warning")) and name[:1].isupper()


def attribute(path: str, name: str) -> Any:
    """A name of an inert module or value; exceptions are classes, so that `except` accepts them."""
    if name == "__version__" or name == "VERSION":
        return "99.0.0"
    if is_exception(name):
        return make_class(name, path.rpartition(".")[0])
    return Inert(path)


class InertModule(types.ModuleType):
    """A module in which every name exists; it may itself be called, as `from package import helper` cannot tell which it is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__all__: list[str] = []
        self.__version__ = "99.0.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = attribute(f"{self.__name__}.{name}", name)
        self.__dict__[name] = value
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return inert_call(self.__name__, args, kwargs)
