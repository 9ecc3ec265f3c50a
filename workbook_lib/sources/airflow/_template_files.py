"""Arguments that name a template file: which they are by Airflow's conventions, and where the file lies.

A templated text that ends in one of the operator's `template_ext` is the name of a file, below the DAG's folder or `template_searchpath`.
https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/operators.html#jinja-templating
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePath

from workbook_lib.model import expr as x
from workbook_lib.sources.airflow._raw import RawDag, RawTask
from workbook_lib.sources.airflow._source import Sources

# Argument -> endings, as the operators of Airflow's providers have them.
_ENDINGS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"(^|_)(sql|hql|query|statement)$"), (".sql", ".hql")),
    (re.compile(r"(^|_)(command|script)$"), (".sh", ".bash")),
    (re.compile(r"^html_content$"), (".html",)),
    (re.compile(r"^application_file$"), (".yaml", ".yml", ".json")),
)


def named(task: RawTask) -> Iterator[tuple[str, str]]:
    """Arguments that hold the name of a template file, and that name."""
    for argument, value in task.arguments:
        endings = next((endings for pattern, endings in _ENDINGS if pattern.search(argument)), ())
        given = value.value if isinstance(value, x.Constant) else None
        for text in given if isinstance(given, list) else [given]:
            if isinstance(text, str) and endings and text.endswith(endings):
                yield argument, text


def find(text: str, dag: RawDag, file: str, root: str, sources: Sources) -> tuple[str, str] | None:
    """A template file by its name: where it lies below the folder `root` that is read, and its text; None when it is not there.

    Jinja takes names as relative to a folder of the search path, a slash at the start included.
    """
    own = PurePath(file).parent
    folders = [str(own.relative_to(root) if root and own.is_relative_to(root) else own), *dag.template_paths]
    inside = text.lstrip("/")
    if ".." in PurePath(inside).parts:
        return None
    for folder in folders:
        path = os.path.normpath(os.path.join("" if folder == "/" else folder, inside))
        content = sources.text(os.path.join(root, path))
        if content is not None:
            return path, content
    return None
