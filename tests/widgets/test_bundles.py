"""The built programs of the widgets: never older than their sources, with their licences, one model a kernel."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from workbook_lib.widgets import _bundle

FRONTEND = Path(_bundle.__file__).parent / "frontend"
BUNDLES = sorted(path.stem for path in _bundle.STATIC.glob("*.js"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def about(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_bundle.STATIC / f"{name}.json").read_text())
    return found


def test_each_folder_of_sources_is_built() -> None:
    assert sorted(["loader", *(path.parent.name for path in FRONTEND.glob("*/index.js"))]) == BUNDLES


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_as_fresh_as_its_sources(name: str) -> None:
    made_from = about(name)
    now = {file: digest(FRONTEND / file) if (FRONTEND / file).is_file() else "gone" for file in made_from["sources"]}
    assert {"sources": now, "bundle": digest(_bundle.STATIC / f"{name}.js")} == {
        "sources": made_from["sources"],
        "bundle": made_from["bundle"],
    }, f"static/{name}.js is stale: run `make widgets` and commit workbook_lib/widgets/static"


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_of_the_packages_that_are_locked(name: str) -> None:
    locked = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    assert {folder: locked.get(folder, {}).get("version") for folder in about(name)["packages"]} == about(name)["packages"]


@pytest.mark.parametrize("name", BUNDLES)
def test_the_licences_of_all_packages_in_a_bundle_lie_beside_it(name: str) -> None:
    notices = (_bundle.STATIC / f"{name}.licences.txt").read_text()
    packages = {folder.removeprefix("node_modules/"): version for folder, version in about(name)["packages"].items()}
    del packages["esbuild"]  # it bundles and is not bundled
    assert [f"{package} {version}" for package, version in packages.items() if f"{package} {version} (" not in notices] == []
    assert notices.strip()


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_names_no_other_host(name: str) -> None:
    text = (_bundle.STATIC / f"{name}.js").read_text()
    allowed = ("http://www.w3.org/",)  # names of XML namespaces, which nobody asks for
    for prefix in allowed:
        text = text.replace(prefix, "")
    assert "http://" not in text
    assert "https://" not in text


class Shown(_bundle.Programmed, bundle="loader", part="default"):
    def do_greet(self, name: str) -> None:
        if not name:
            raise ValueError("no <name>")
        self.say(f"hello {name}", "good")


def test_all_widgets_of_a_kernel_name_one_model_of_their_bundle() -> None:
    one, two = Shown(), Shown()
    assert one.get_state(["_bundle"]) == two.get_state(["_bundle"]) == {"_bundle": f"IPY_MODEL_{_bundle.bundle('loader').model_id}"}
    stored = json.dumps(one.get_state(), default=str)
    assert _bundle.bundle("loader").source == (_bundle.STATIC / "loader.js").read_text()
    assert len(stored) < 3000


def test_a_closed_bundle_is_made_again() -> None:
    before = _bundle.bundle("loader")
    before.close()
    assert _bundle.bundle("loader").comm is not None
    assert Shown()._bundle is _bundle.bundle("loader") is not before


def test_a_message_of_the_program_is_a_call_and_its_error_is_shown() -> None:
    widget = Shown()
    widget._handle_custom_msg({"do": "greet", "name": "you"}, [])
    assert widget._said == {"kind": "good", "text": "hello you", "more": ""}
    widget._handle_custom_msg({"do": "greet", "name": ""}, [])
    assert (widget._said["kind"], widget._said["text"]) == ("error", "ValueError: no <name>")
    assert "Traceback" in widget._said["more"]
    assert isinstance(widget, ipywidgets.DOMWidget)
