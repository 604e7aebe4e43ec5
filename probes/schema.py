"""The JSON files that this project keeps, as types: what each may hold is said once, and checked where it is read.

The files of a probe and of a model are here; those of runs and answers build on this (`experiments/run/schema.py`,
`experiments/questions/answer_file.py`).  `docs/schemas.md` shows all of them.  pydantic is imported with this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..solver.errors import DataError
from ..solver.names import brief
from .json_text import parse_json
from .regular_files import MAX_TEXT, read_regular

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelFile = Literal["vocabulary.json", "weights.pt", "training.json"]
ARRAY_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$"
ArrayName = Annotated[
    str, AfterValidator(lambda name: _name_of_array(name)), Field(json_schema_extra={"pattern": ARRAY_NAME})
]


class Strict(BaseModel):
    """No key that is not known, no text for a number, no NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


def _name_of_array(name: str) -> str:
    if not re.fullmatch(ARRAY_NAME, name) or "\n" in name:
        raise ValueError(f"{brief(name)} is no name of an array: letters, digits, _ - and ., not first")
    return name


class ProbeDigests(Strict):
    """Of the files beside the manifest."""

    names: Sha256
    arrays: dict[ArrayName, Sha256]


class ProbeManifest(Strict, extra="allow"):
    """manifest.json of a probe.  Beside these fields it has what else made the probe, as plain JSON."""

    format: Literal["compexact probe"]
    version: Literal[1, 2]
    digest: Sha256
    digests: ProbeDigests
    kind: str | None = None
    model: str | None = None
    layer: str | None = None
    dataset: str | None = None
    settings: dict[str, Any] | None = None
    inputs: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None
    notes: list[str] | None = None


class ProbeNames(Strict, extra="allow"):
    """names.json of a probe, with lists of text for its inputs beside these."""

    __pydantic_extra__: dict[str, list[Any]]
    concepts: list[str]
    categories: list[str]
    units: list[str]


class ShardNumber(Strict):
    """A shard: the portion `number` of `of`."""

    number: Annotated[int, Field(ge=1, lt=2**63)]
    of: Annotated[int, Field(ge=1, lt=2**63)]

    @model_validator(mode="after")
    def _is_one_of_them(self) -> ShardNumber:
        if self.number > self.of:
            raise ValueError(f"there is no shard {self.number} of {self.of}")
        return self


class ShardDigests(Strict):
    """Of the files beside the manifest."""

    whole: Sha256
    own: Sha256
    arrays: dict[ArrayName, Sha256]


class ShardManifest(Strict):
    """manifest.json of a shard of a probe.  inputs: how many images, pairs, points or rows are in it."""

    format: Literal["compexact shard"]
    version: Literal[1]
    digest: Sha256
    kind: Literal["vision", "nli", "tokens", "arrays"]
    shard: ShardNumber
    inputs: Count
    digests: ShardDigests


class ModelConfig(Strict):
    """config.json of a sentence-pair model."""

    format: Literal["compexact nli model"]
    version: Literal[1]
    settings: dict[str, Any]
    classes: list[str] = Field([])
    digests: dict[ModelFile, Sha256]
    digest: Sha256


Form = TypeVar("Form", bound=BaseModel)


def formed(form: type[Form], value: Any) -> Form:
    """The value as the form's type; `ValueError` that names the first field that has not, and what is expected."""
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise ValueError(_said(first["type"], ".".join(map(str, first["loc"])), first["msg"])) from None


def read_form(file: Path, form: type[Form], what: str, again: str) -> Form:
    """The file that says what a folder holds; `DataError` where it is damaged, `FileNotFoundError` without one.

    what: the kind of folder, after `compexact` in the field `format`.  again: what makes another one.
    """
    try:
        content = parse_json(read_regular(file, MAX_TEXT), str(file))
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(file) from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; {again}") from None
    if not isinstance(content, dict) or content.get("format") != f"compexact {what}":
        raise DataError(f"{file} does not describe a compexact {what}")
    if "version" in form.model_fields and content.get("version") not in (known := _versions(form)):
        found = repr(content.get("version"))[:40]
        raise DataError(f"{file.parent} has format version {found}; this compexact reads {', '.join(map(str, known))}")
    if "digest" in form.model_fields and digest_of(content) != content.get("digest"):
        found, expected = digest_of(content)[:12], str(content.get("digest"))[:12]
        raise DataError(f"{file} is damaged: digest {found} instead of {expected}; {again}")
    try:
        return formed(form, content)
    except ValueError as error:
        raise DataError(f"{file} is not as compexact writes it: {str(error)[:200]}; {again}") from None


def _versions(form: type[BaseModel]) -> tuple[int, ...]:
    return get_args(form.model_fields["version"].annotation)


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 over everything in the record but its `digest`."""
    rest = {key: value for key, value in record.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _said(kind: str, place: str, message: str) -> str:
    if kind == "missing":
        return f"the field {place!r} is missing"
    if kind == "extra_forbidden":
        return f"the field {place[:60]!r} is not known"
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"the field {brief(place)}: {message}" if place else f"it {message}"
