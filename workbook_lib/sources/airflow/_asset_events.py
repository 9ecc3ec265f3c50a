"""Updates of assets in function bodies: what a task says of an asset that it writes, and what it reads of those told before.

`outlet_events[asset].extra`, `.add` of an alias and `yield Metadata(...)` become calls `updated(asset, extra, alias=...)`, and
`inlet_events[asset]` the list of updates, the oldest first. Specification:
https://airflow.apache.org/docs/apache-airflow/2.11.2/authoring-and-scheduling/datasets.html and
https://airflow.apache.org/docs/apache-airflow/3.3.2/authoring-and-scheduling/asset-scheduling.html.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._meanings import Entity, NotUnderstood, Scope

ASSETS = frozenset({"Asset", "Dataset"})
ALIASES = frozenset({"AssetAlias", "DatasetAlias"})
ALIAS = "alias:"  # what the name of an alias begins with where an asset's is expected
# What an event of Airflow's has and an event of Prefect's has not.
UNTOLD = frozenset(
    {"source_dag_id", "source_task_id", "source_run_id", "source_map_index", "source_dag_run", "source_task_instance", "source_aliases"}
    | {"created_dagruns", "partition_key", "dataset", "dataset_id", "asset_id", "uri"}
)
Symbol = Callable[[ast.expr], str | None]


def asset_call(node: ast.expr, symbol: Symbol) -> tuple[str, ast.expr] | None:
    """Whether an expression makes an asset or an alias: "asset" or "alias", and the expression of its URI or name."""
    if not isinstance(node, ast.Call):
        return None
    dotted = symbol(node.func)
    last = dotted.split(".")[-1] if dotted else ""
    if last not in ASSETS | ALIASES or any(keyword.arg is None for keyword in node.keywords):
        return None
    given = {str(keyword.arg): keyword.value for keyword in node.keywords}
    first = node.args[0] if node.args else None
    if last in ALIASES:
        found = given.get("name", first)
        return ("alias", found) if found is not None else None
    second = node.args[1] if len(node.args) > 1 and last == "Asset" else None
    found = given.get("uri") or second or first or given.get("name")
    return ("asset", found) if found is not None and not isinstance(found, ast.Starred) else None


def told_before(asset: Entity, scope: Scope) -> Expr:
    """`inlet_events[asset]`: the updates of an asset, or those through an alias; Airflow fails where it is no inlet of the task."""
    if (ALIAS if asset.name == "alias" else "") + asset.detail not in scope.inlets:
        raise NotUnderstood("reads updates of what is not among the task's inlets")
    if asset.detail in scope.written or any(name.startswith(ALIAS) for name in scope.written):
        # Airflow has stored them when the next task starts; a server of Prefect's may have an event some seconds later.
        raise NotUnderstood("reads updates of which the DAG's own tasks tell: the server may not have them in time")
    return x.Call(function="updates_of", args=(x.Constant(value=asset.detail), x.Constant(value=asset.name == "alias")))


@dataclass(frozen=True)
class Told:
    """A statement that tells of an update: the asset as text or expression, and the pieces that the call is made of, in source order."""

    asset: str | ast.expr
    pieces: tuple[str | ast.expr, ...]
    alias: str | None = None
    sets: bool = False  # it replaces what was said of the asset before
    keys: frozenset[str] | None = None  # of what it says, where these are known
    yields: bool = False  # it is a `yield`


Named = Callable[[ast.expr], Entity | ast.expr | None]  # the asset or alias, or the expression of an asset's URI
Base = Callable[[ast.expr], object]


def told(node: ast.stmt, named: Named, meaning: Base, symbol: Symbol) -> Told | None:
    """What a statement tells of an asset; None where it is about something else, NotUnderstood where it has no call that says the same."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return _assigned(node.targets[0], node.value, named, meaning)
    if not isinstance(node, ast.Expr):
        return None
    value = node.value
    if isinstance(value, ast.Yield) and isinstance(value.value, ast.Call) and (symbol(value.value.func) or "").endswith(".Metadata"):
        return _metadata(value.value, named)
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
        return None
    owner, method = value.func.value, value.func.attr
    if method == "add" and _outlet(owner, meaning) is not None:
        return _added(value, _outlet(owner, meaning), named)
    extra = _extra(owner, meaning)
    if method == "update" and extra is not None:
        if len(value.args) != 1 or value.keywords or isinstance(value.args[0], ast.Starred):
            raise NotUnderstood("adds to the extra of an asset in a way that is not followed")
        return _said(_asset(extra, named), value.args[0])
    return None


def _outlet(node: ast.expr, meaning: Base) -> ast.expr | None:
    """The asset or alias in `outlet_events[...]`."""
    if isinstance(node, ast.Subscript) and meaning(node.value) == Entity("outlet_events"):
        return node.slice
    return None


def _extra(node: ast.expr, meaning: Base) -> ast.expr | None:
    """The asset in `outlet_events[...].extra`."""
    return _outlet(node.value, meaning) if isinstance(node, ast.Attribute) and node.attr == "extra" else None


def _asset(node: ast.expr, named: Named) -> str | ast.expr:
    found = named(node)
    if found is None or (isinstance(found, Entity) and found.name != "asset"):
        raise NotUnderstood("is about an asset that is only known when it runs")
    return found.detail if isinstance(found, Entity) else found


def _assigned(target: ast.expr, value: ast.expr, named: Named, meaning: Base) -> Told | None:
    whole = _extra(target, meaning)
    if whole is not None:
        asset = _asset(whole, named)
        _settled(asset)
        return Told(asset, ("updated(", _shown(asset), ", ", value, ")"), sets=True, keys=_keys(value))
    entry = _extra(target.value, meaning) if isinstance(target, ast.Subscript) else None
    if entry is None or not isinstance(target, ast.Subscript):
        return None
    asset = _asset(entry, named)
    _settled(asset)
    return Told(asset, ("updated(", _shown(asset), ", {", target.slice, ": ", value, "})"))


def _settled(asset: str | ast.expr) -> None:
    """In an assignment the asset stands on the other side: as an expression it would be worked out too early."""
    if not isinstance(asset, str):
        raise NotUnderstood("is about an asset that is only known when it runs")


def _said(asset: str | ast.expr, extra: ast.expr | None, alias: str | None = None) -> Told:
    pieces: list[str | ast.expr] = ["updated(", _shown(asset)]
    if extra is not None and not (isinstance(extra, ast.Constant) and extra.value is None):
        pieces += [", ", extra]
    if alias is not None:
        pieces.append(f", alias={_quoted(alias)}")
    return Told(asset, (*pieces, ")"), alias=alias)


def _added(call: ast.Call, key: ast.expr | None, named: Named) -> Told:
    found = named(key) if key is not None else None
    if not isinstance(found, Entity) or isinstance(key, ast.Constant) or found.name != "alias":
        raise NotUnderstood("adds an update to an alias that is only known when it runs")
    given = _given(call, ("asset", "extra")) or _given(call, ("dataset", "extra"))
    asset = given.get("asset") or given.get("dataset")
    if asset is None:
        raise NotUnderstood("adds an update to an alias in a way that is not followed")
    return _said(_asset(asset, named), given.get("extra"), found.detail)


def _metadata(call: ast.Call, named: Named) -> Told:
    given = _given(call, ("asset", "extra", "alias")) or _given(call, ("target", "extra", "alias"))
    asset, alias = given.get("asset") or given.get("target"), given.get("alias")
    if asset is None:
        raise NotUnderstood("tells of an update in a way that is not followed")
    through: str | None = None
    if alias is not None and not (isinstance(alias, ast.Constant) and alias.value is None):
        found = Entity("alias", alias.value) if isinstance(alias, ast.Constant) and isinstance(alias.value, str) else named(alias)
        if not isinstance(found, Entity) or found.name != "alias":
            raise NotUnderstood("tells of an update through an alias that is only known when it runs")
        through = found.detail
    return replace(_said(_asset(asset, named), given.get("extra"), through), yields=True)


def _given(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    """The arguments by name; none where they have other names."""
    if len(call.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in call.args):
        return {}
    given = dict(zip(names, call.args, strict=False)) | {str(keyword.arg): keyword.value for keyword in call.keywords}
    return given if set(given) <= set(names) and names[0] in given else {}


def _keys(value: ast.expr) -> frozenset[str] | None:
    if not isinstance(value, ast.Dict):
        return None
    keys = [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return frozenset(keys) if len(keys) == len(value.keys) else None


def _quoted(text: str) -> str:
    return '"' + text + '"' if text.isprintable() and not set(text) & set('"\\') else repr(text)


def _shown(asset: str | ast.expr) -> str | ast.expr:
    return _quoted(asset) if isinstance(asset, str) else asset


def overwritten(statements: list[tuple[Told, bool]]) -> Iterator[str]:
    """Assets whose extra a body sets more than once so that what was set before would stay; each statement with whether it is in a loop."""
    by_asset: dict[str, list[tuple[Told, bool]]] = {}
    for one, loops in statements:
        if one.alias is None:
            by_asset.setdefault(one.asset if isinstance(one.asset, str) else ast.dump(one.asset), []).append((one, loops))
    for asset, listed in by_asset.items():
        sets = [one for one, _ in listed if one.sets]
        again = len(listed) > 1 or listed[0][1]
        alike = len(sets) == len(listed) and None not in {one.keys for one in sets} and len({one.keys for one in sets}) == 1
        if sets and again and not alike:
            yield asset
