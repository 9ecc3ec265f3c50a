"""Writes docs/side_by_side.md: each flow ported by hand, and what the writer makes of the same DAG, as their difference.

    python tests/ports/side_by_side.py [--check]

`--check` writes nothing and tells, by its exit status, whether the page is up to date.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "side_by_side.md"
HEAD = """# By hand and by the writer

What an engineer who knows Prefect makes of a DAG (`-`), beside what the writer makes of it (`+`); lines that both have stand without a
sign. Both are proven equal to the DAG by the same means: the structure read back, every rehearsal, the real run
(`tests/ports/test_ports.py`). The ports are in `tests/ports/flows`; this page is made by `python tests/ports/side_by_side.py`.
"""


def generated() -> dict[str, str]:
    """The writer's flow by DAG: of the shipped examples, and of Airflow 2.11.2's own."""
    found: dict[str, str] = {}
    for example in sorted((ROOT / "notebooks" / "examples" / "airflow").iterdir()):
        found |= _flows([example], ReadOptions())
    sys.path.append(str(ROOT / "tests" / "sources" / "airflow"))
    from bundled_corpora import BUNDLED

    return found | _flows(BUNDLED["2.11.2"].folders(), ReadOptions(version="2.11"))


def _flows(paths: list[Path], options: ReadOptions) -> dict[str, str]:
    project = write(list(read(paths, options).workflows))
    return {workflow_id: project.files[info.path] for workflow_id, info in project.flows.items()}


def page() -> str:
    """The page, in Markdown."""
    flows = generated()
    rows, sections = [], []
    for port in sorted((HERE / "flows").glob("port_*.py")):
        dag_id = port.stem.removeprefix("port_")
        by_hand, written = port.read_text(encoding="utf-8"), flows[dag_id]
        lines = list(difflib.unified_diff(by_hand.splitlines(), written.splitlines(), n=10_000, lineterm=""))[3:]
        lines = lines or [f" {line}" for line in written.splitlines()]
        gone, new = (sum(line.startswith(sign) for line in lines) for sign in "-+")
        rows.append(f"| [{dag_id}](#{dag_id}) | {_lines(by_hand)} | {_lines(written)} | {gone} | {new} |")
        sections += [f"## {dag_id}", "", "```diff", *(line.rstrip() for line in lines), "```", ""]
    table = ["| DAG | lines by hand | lines written | only by hand | only written |", "|---|---|---|---|---|", *rows]
    return "\n".join([HEAD, *table, "", *sections]).rstrip() + "\n"


def _lines(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())


def main() -> int:
    """Write the page, or say that it is stale."""
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/side_by_side.md is stale: python tests/ports/side_by_side.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
