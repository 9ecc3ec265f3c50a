"""Secrets: values of connections, and of inputs marked secret by their name or in decisions.toml, never stored or shown as they are.

A secret becomes `***` and a digest of what stood there, keyed with a key that stays in the migration folder: two masked values are equal
only if they were equal before. `secrets = ["name", ...]` in decisions.toml marks more variables and environment values, at any place.
Not hidden: ROOT/inputs (the owner's alone), ROOT/legacy, and what the definition itself spells out.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import html
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from pydantic import BaseModel

from workbook_lib.errors import WorkbookError
from workbook_lib.migration import _disk
from workbook_lib.migration._decisions import Decisions
from workbook_lib.migration._needs import FILES, read

# The names that Airflow itself takes for secret (airflow/utils/log/secrets_masker.py), and those of keys in cloud connections.
TELLING = re.compile(
    r"access_?key|access_token|api_?key|authorization|credential|keyfile_dict|passphrase|passwd|password|private_?key|"
    r"secret|service_account|token|webhook",
    re.I,
)
SHORTEST = 3  # a shorter secret is hidden only where it is a whole value: it stands in ordinary words
PLAIN = 6  # a connection's extra also holds ordinary settings: shorter values of ordinary names stay
WORDS = frozenset({"true", "false", "none", "null"})

Document = TypeVar("Document", bound=BaseModel)


class Masker:
    """Hides a set of secrets in texts, documents, markup and errors. Without secrets it changes nothing; without a key, no digests."""

    def __init__(self, values: Iterable[str], key: bytes | None = None) -> None:
        self._key = key
        self._whole = {value for value in values if value}
        forms = {form for value in self._whole for form in _forms(value) if len(form) >= SHORTEST}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """`text` without the secrets."""
        if text in self._whole:
            return self._tag("", text)
        return self._pattern.sub(lambda found: self._tag("", found.group()), text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """JSON data with the secrets hidden in texts, keys and numbers."""
        if not self._whole:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in self._whole:
            return self._tag("number", str(value))
        return value

    def model(self, document: Document) -> Document:
        """A record, verdict or finding with the secrets hidden; the same object when there are none."""
        if not self._whole:
            return document
        before = document.model_dump(mode="json", by_alias=True)
        after = self.value(before)
        return document if after == before else type(document).model_validate(after)

    def markup(self, text: str) -> str:
        """HTML or SVG with the secrets hidden in what is read: text, tooltips and descriptions; never in tags and styles."""
        if not self._pattern:
            return text
        parts = re.split(r"(<style\b.*?</style>|<script\b.*?</script>|<[^>]*>)", text, flags=re.S | re.I)
        return "".join(self._part(part) for part in parts)

    def _part(self, part: str) -> str:
        if not part.startswith("<"):
            return self._escaped(part)
        if part[:6].lower() in ("<style", "<scrip"):
            return part
        return re.sub(r'\b((?:title|alt|aria-label)=")([^"]*)', lambda found: found[1] + self._escaped(found[2]), part)

    def _escaped(self, text: str) -> str:
        plain = html.unescape(text)
        hidden = self.text(plain)
        return text if hidden == plain else html.escape(hidden)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Hide the secrets in the errors of the library that are raised within."""
        try:
            yield
        except WorkbookError as error:
            error.message = self.text(error.message)
            error.args = (error.message,)
            raise

    def _tag(self, kind: str, text: str) -> str:
        if self._key is None:
            return "***"
        return "***" + hmac.new(self._key, f"{kind}\0{text}".encode(errors="replace"), hashlib.sha256).hexdigest()[:8]


def masker(root: Path, params: Mapping[str, Any] | None = None) -> Masker:
    """The masker of a migration folder; `params` are the parameters of one run."""
    decided = Decisions(root / "decisions.toml").plain()
    values = known({name: read(root, name) for name in FILES} | {"params": dict(params or {})}, _listed(decided))
    return Masker(values, _key(root) if values else None)


def known(inputs: Mapping[str, Any], listed: Iterable[str] = ()) -> set[str]:
    """The secrets among given `connections`, `variables`, `env` and `params`; `listed` names more of them."""
    names = set(listed)
    found = list(_connections(inputs.get("connections", {}), names))
    for kind in ("variables", "env", "params"):
        found += _telling(inputs.get(kind, {}), names)
    return {text for text in found if text and text.lower() not in WORDS}


def _key(root: Path) -> bytes:
    path = root / ".workbook" / "mask.key"
    text = _disk.read_text(path)
    if text is None:
        text = secrets.token_hex(32) + "\n"
        _disk.write_all({path: text}, private=True)
    return bytes.fromhex(text.strip())


def _listed(decisions: Mapping[str, Any]) -> Iterator[str]:
    """The names listed as `secrets` for the repository, a workflow or a task."""
    for name, value in decisions.items():
        if name == "secrets" and isinstance(value, list):
            yield from map(str, value)
        elif isinstance(value, Mapping):
            yield from _listed(value)


def _connections(connections: Mapping[str, Any], listed: set[str]) -> Iterator[str]:
    for name, entry in connections.items():
        given = _parsed(entry)
        if isinstance(given, str):
            yield from _uri(given)
        elif isinstance(given, Mapping):
            if name in listed:
                yield from _leaves(given)
            yield str(given.get("password") or "")
            extra = _parsed(given.get("extra") or given.get("extra_dejson") or {})
            yield from _telling({"extra": extra}, listed)
            yield from (leaf for leaf in _leaves(extra) if len(leaf) >= PLAIN)


def _uri(uri: str) -> Iterator[str]:
    """A connection as a URI: all of it, its password, and what it carries as extra."""
    yield uri
    try:
        parts = urlsplit(uri)
        yield unquote(parts.password or "")
    except ValueError:
        return
    for name, value in parse_qsl(parts.query):
        given = _parsed(value)
        yield from (leaf for leaf in _leaves(given) if len(leaf) >= (SHORTEST if TELLING.search(name) else PLAIN))


def _telling(values: Mapping[str, Any], listed: set[str]) -> Iterator[str]:
    """The values under names that tell, however deep."""
    for name, value in values.items():
        given = _parsed(value)
        if name in listed or TELLING.search(str(name)):
            yield from _leaves(given)
            if isinstance(value, str):
                yield value
        elif isinstance(given, Mapping):
            yield from _telling(given, listed)
        elif isinstance(given, list):
            for item in given:
                if isinstance(item, Mapping):
                    yield from _telling(item, listed)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _parsed(value: Any) -> Any:
    """Data that is given as JSON text; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _forms(value: str) -> Iterator[str]:
    """How a secret stands in other texts: as it is, in URLs, in JSON and Python literals, as base64; a key also line by line."""
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    if len(value) >= PLAIN:
        encoded = base64.b64encode(value.encode(errors="replace")).decode()
        yield from (encoded, encoded.rstrip("="))
    yield from (line for line in value.splitlines() if len(line) >= 16 and not line.startswith("-----"))
