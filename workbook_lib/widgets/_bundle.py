"""The programs of widgets in the page: one model a kernel holds each bundle, and every widget that needs it names that model.

`frontend/` holds the sources, `make widgets` bundles each folder of it into `static/<name>.js`. A widget itself carries `static/loader.js`,
which takes the export `_part` from the bundle: a page, and a notebook that keeps its widgets, holds a bundle once however many widgets
are shown.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from workbook_lib.widgets._alert import Telling

STATIC = Path(__file__).parent / "static"


class Bundle(ipywidgets.Widget):  # type: ignore[misc]  # ipywidgets has no types
    """A bundle on its way to the page: never shown, only named by widgets."""

    name = traitlets.Unicode(help="the bundle's folder in `frontend/`")
    source = traitlets.Unicode(help="the program").tag(sync=True)
    digest = traitlets.Unicode(help="of the program: the page makes one module of it").tag(sync=True)


_BUNDLES: dict[str, Bundle] = {}


def bundle(name: str) -> Bundle:
    """The one model of this kernel that holds `static/<name>.js`."""
    kept = _BUNDLES.get(name)
    if kept is None or kept.comm is None:  # closed by Widget.close_all()
        text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
        kept = _BUNDLES[name] = Bundle(name=name, source=text, digest=hashlib.sha256(text.encode()).hexdigest()[:16])
    return kept


class Programmed(Telling, anywidget.AnyWidget):
    """A widget whose program is the export `part` of a bundle: `class GraphView(Programmed, bundle="graph", part="graph")`.

    The program gets anywidget's {model, el, signal} and shows `_said` where it fits (`frontend/shared/alert.js`).
    """

    _esm = (STATIC / "loader.js").read_text(encoding="utf-8")
    _bundle = traitlets.Instance(Bundle).tag(sync=True, **ipywidgets.widget_serialization)
    _part = traitlets.Unicode().tag(sync=True)
    _said: traitlets.Dict[str, str] = traitlets.Dict({"kind": "note", "text": ""}, help="what is said above the widget").tag(sync=True)

    _program = ("", "")

    def __init_subclass__(cls, *, bundle: str = "", part: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if bundle:
            cls._program = (bundle, part)

    def __init__(self, **traits: Any) -> None:
        name, part = self._program
        super().__init__(_bundle=bundle(name), _part=part, **traits)
        self.on_msg(self._heard)

    def say(self, text: str, kind: str = "note", *, more: str = "") -> None:
        """Show `text` ("note", "good" or "error"); `more` can be unfolded, no text shows nothing."""
        self._said = {"kind": kind, "text": text, "more": more}

    def _heard(self, _: Any, content: Any, __: Any) -> None:
        """A message {"do": name, ...} of the program calls `do_<name>(**rest)`."""
        with self.guard():
            given = dict(content)
            getattr(self, f"do_{given.pop('do')}")(**given)
