"""Legacy modules keep files of their own in `shared/`, also where their names would fall together."""

from __future__ import annotations

import pytest
from writer_build import function, python, workflow

from workbook_lib.model.function import Definition
from workbook_lib.prefect_writer import write

MODULES = {
    ("a.b", "a_b"): ["shared/a_b.py", "shared/a_b_2.py"],
    ("Rules", "rules"): ["shared/Rules.py", "shared/rules_2.py"],
    ("a.b", "a.c"): ["shared/a_b.py", "shared/a_c.py"],
}


@pytest.mark.parametrize("modules", MODULES)
def test_files_of_modules(modules: tuple[str, str]) -> None:
    first, second = modules
    own = tuple(
        Definition(name=f"load_{n}", module=module, form="function", source=f"def load_{n}():\n    return {n}\n")
        for n, module in enumerate((first, second))
    )
    both = function("def both():\n    return load_0() + load_1()\n", uses=("load_0", "load_1"))
    project = write([workflow(python("both", both), definitions=own)])
    assert sorted(path for path in project.files if path.startswith("shared/")) == MODULES[modules]
    names = [path.removeprefix("shared/").removesuffix(".py") for path in MODULES[modules]]
    imports = [line for line in project.files["flows/example.py"].splitlines() if line.startswith("from shared")]
    assert imports == sorted(f"from shared.{name} import load_{n}" for n, name in enumerate(names))


@pytest.mark.parametrize("name", ["con", "NUL", "com1"])
def test_no_flow_has_the_name_of_a_device(name: str) -> None:
    project = write([workflow(python("a", function("def a():\n    return 1\n")), id=name)])
    assert [info.path for info in project.flows.values()] == [f"flows/{name}_2.py"]
