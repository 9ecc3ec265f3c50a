"""Macros and filters that a DAG defines for its templates: data, and functions of the repository, carried over where they are used."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._callables import known
from workbook_lib.sources.airflow._definitions import Definitions
from workbook_lib.sources.airflow._meanings import Scope
from workbook_lib.sources.airflow._raw import RawDag
from workbook_lib.sources.airflow._source import Sources


def with_own(scope: Scope, dag: RawDag, sources: Sources, definitions: Definitions) -> Scope:
    """The scope of a DAG with what it defines itself."""
    macros, filters = dict(dag.macros), dict(dag.filters)
    return scope.within(own_macro=_finder(macros, sources, definitions), own_filter=_finder(filters, sources, definitions))


def _finder(given: dict[str, Expr], sources: Sources, definitions: Definitions) -> Callable[[str], Expr | None]:
    @cache
    def find(name: str) -> Expr | None:
        found = given.get(name)
        if not isinstance(found, x.Callable):
            return found if found is not None and known(found) else None
        module = sources.module(found.file) if found.file else None
        if module is None or not module.tree.body or found.name not in module.names.bound:
            return None
        needs = definitions.needs(module, module.tree.body[-1], [found.name])
        return x.Reference(name=needs.uses[0]) if len(needs.uses) == 1 and not needs.problems else None

    return find
