"""Whether a package installs beside Prefect, told from what is pinned and installed here; no registry is asked."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workbook_lib.assess._report import Installs
from workbook_lib.assess._tables import KNOWN_CONFLICTS
from workbook_lib.model.distributions import DISTRIBUTIONS

LOCK = Path(__file__).parents[2] / "requirements.lock"


def pins(text: str) -> dict[str, str]:
    """Versions by normalised name of a lock file's lines that hold for this Python."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        try:
            requirement = Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue
        exact = [spec.version for spec in requirement.specifier if spec.operator == "=="]
        if exact and (requirement.marker is None or requirement.marker.evaluate()):
            found[canonicalize_name(requirement.name)] = exact[0]
    return found


@cache
def tested() -> Mapping[str, str]:
    """The pins that were tested with Prefect; empty when the lock file is not there."""
    try:
        return pins(LOCK.read_text(encoding="utf-8"))
    except OSError:
        return {}


@cache
def prefect_needs() -> Mapping[str, SpecifierSet]:
    """What Prefect itself requires, by normalised name."""
    try:
        lines = metadata.requires("prefect") or []
    except metadata.PackageNotFoundError:
        return {}
    needs: dict[str, SpecifierSet] = {}
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needs[canonicalize_name(requirement.name)] = requirement.specifier
    return needs


def installs(
    package: str, locked: Mapping[str, str] | None = None, needs: Mapping[str, SpecifierSet] | None = None
) -> tuple[Installs, str]:
    """Whether `package` (a name, an import name or a requirement) installs beside Prefect, and why."""
    locked, needs = tested() if locked is None else locked, prefect_needs() if needs is None else needs
    try:
        requirement = Requirement(DISTRIBUTIONS.get(package, package))
    except InvalidRequirement:
        return "unknown", "this is not a requirement that can be read"
    name, wanted = canonicalize_name(requirement.name), requirement.specifier
    if requirement.name in sys.stdlib_module_names:
        return "yes", "a part of Python"
    conflict = next((why for pattern, why in KNOWN_CONFLICTS if re.fullmatch(pattern, name)), None)
    if conflict is not None:
        return "no", conflict
    pin = locked.get(name)
    if pin is not None and wanted.contains(pin, prereleases=True):
        return "yes", f"{pin} was tested with Prefect"
    if name in needs and not _overlap(wanted, needs[name]):
        return "no", f"Prefect needs {name}{needs[name]}"
    if pin is not None:
        return "unknown", f"{pin} was tested with Prefect, which is not {wanted}; try it"
    return "unknown", "not among the packages tested with Prefect; try it"


def _overlap(one: SpecifierSet, two: SpecifierSet) -> bool:
    """Whether some version satisfies both; the bounds themselves and versions just beside them are tried."""
    both = one & two
    for spec in both:
        try:
            bound = Version(spec.version.removesuffix(".*"))
        except InvalidVersion:
            return True
        release = bound.release
        near = [bound, Version(".".join(map(str, (*release, 1))))]
        if release[-1] > 0:
            near.append(Version(".".join(map(str, (*release[:-1], release[-1] - 1, 9999)))))
        if any(both.contains(version, prereleases=True) for version in near):
            return True
    return not list(both)
