"""A function with marks -> its body in the flow."""

from __future__ import annotations

import pytest
from writer_build import function

from workbook_lib.model.expr import Constant
from workbook_lib.model.function import Span
from workbook_lib.prefect_writer.python._bodies import fill
from workbook_lib.prefect_writer.python._expr import literal

GONE = Span(start=0, end=0, kind="value", value=Constant(value=False))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    if GONE:\n        return 1\n    return 2\n", "    return 2"),
        ("    for x in y:\n        if GONE:\n            a()\n            b()\n        c(x)\n", "    for x in y:\n        c(x)"),
        ("    if GONE:\n        return 1\n    else:\n        return 2\n", "    if False:\n        return 1\n    else:\n        return 2"),
        ("    if y:\n        a()\n    elif GONE:\n        b()\n    c()\n", "    if y:\n        a()\n    elif False:\n        b()\n    c()"),
        ("    if GONE:\n        return 1\n", "    if False:\n        return 1"),
        ("    if GONE:\n        a()\n    if False:\n        b()\n", "    if False:\n        a()\n    if False:\n        b()"),
    ],
    ids=["in front", "in a loop", "with an else", "an elif", "alone", "beside one of the source's own"],
)
def test_what_never_holds_is_left_out(body: str, expected: str) -> None:
    made = function(f"def f(y):\n{body}", marks={"GONE": GONE})
    assert fill(made, lambda value, _: literal(value.value)).body == expected


def test_a_dict_in_an_f_string_does_not_become_a_brace_of_its_text() -> None:
    span = Span(start=0, end=0, kind="value", value=Constant(value={"a": 1}))
    made = function('def f():\n    return f"all: {ALL}"\n', marks={"ALL": span})
    assert fill(made, lambda value, _: literal(value.value)).body == "    return f\"all: { {'a': 1}}\""
