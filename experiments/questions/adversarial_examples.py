"""What `adversarial` is asked of: examples, and the networks that they are put to.

Examples are a CSV file with a line each:

| column | |
|---|---|
| `name` | what to call it |
| `picture` | an image of the dataset (its key), or a picture file |
| `intended` | the class that the edit should make the network see |
| `patch` | a PNG with alpha, or the image of the dataset that the patch is cut out of |
| `region` | a concept: where it is in `patch` is cut out; without a patch, where it is in `picture` is painted |
| `colour` | `red,green,blue` in 0..255: of what is painted |
| `original`, `pasted` | classes, where the networks' own predictions should not count (optional) |

Files are looked for beside the table.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...probes import open_dataset
from ...probes.classifier import PictureClassifier, picture_classifier
from ...probes.datasets.annotated_images import AnnotatedImages
from ...probes.datasets.files import read_table
from ...probes.patching import cut_out, read_patch, read_picture, region
from ...solver.errors import CompexactError, DataError, UsageError, did_you_mean
from ..commands.options import MODEL_HELP, DeviceOption
from ..commands.preprocessing_options import Shown, preprocessing
from ..commands.signature import Depends, Opened
from .edited_pictures import Example

if TYPE_CHECKING:
    from PIL.Image import Image

MODELS_HELP = f"{MODEL_HELP}  Repeat for more."
NEEDED = ("name", "picture", "intended")
OPTIONAL = ("patch", "region", "colour", "original", "pasted")


def classifiers(
    model: Annotated[list[str], typer.Option(help=MODELS_HELP)],
    weights: Annotated[list[Path] | None, typer.Option(help="A local state dict for each model.")] = None,
    shown: Annotated[Shown | None, Depends(preprocessing)] = None,
    device: DeviceOption = "auto",
) -> list[PictureClassifier]:
    """The networks named; where several have one architecture, the folder and name of its weights tell them apart."""
    from ...probes.models import load_model

    if weights and len(weights) != len(model):
        raise UsageError(f"{len(model)} times --model and {len(weights)} times --weights; give each model its file")
    networks, files = [], weights or itertools.repeat(None)
    for spec, file in zip(model, files):
        loaded = load_model(spec, weights=file)
        if model.count(spec) > 1 and file is not None:
            loaded = replace(loaded, name=f"{spec.rpartition(':')[2]} {'/'.join(file.parts[-2:])}")
        networks.append(picture_classifier(loaded, (shown or preprocessing())(loaded), device=device))
    return networks


def read_examples(
    examples: Annotated[Path, typer.Argument(help="A CSV file: name, picture, intended, patch, region, colour, ...")],
    dataset: Annotated[
        AnnotatedImages | None,
        typer.Option(help="KIND:PATH of the pictures and labelled regions."),
        Opened(open_dataset, str),
    ] = None,
) -> list[Example]:
    """The examples of a table.  Raises `UsageError` and `DataError` with the line in the message."""
    if not examples.is_file():
        raise UsageError(f"{examples}: there is no such file; it is a CSV file with {', '.join((*NEEDED, *OPTIONAL))}")
    found = []
    for row in read_table(examples, NEEDED):
        if unknown := set(row.cells) - {*NEEDED, *OPTIONAL}:
            name = min(unknown)
            raise DataError(f"{examples}: unknown column {name!r}{did_you_mean(name, (*NEEDED, *OPTIONAL))}")
        try:
            found.append(_example({key: text for key, text in row.cells.items() if text}, examples.parent, dataset))
        except CompexactError as error:
            raise type(error)(f"{row.where}: {error}") from None
    if not found:
        raise DataError(f"{examples} has no example")
    return found


def _example(cells: dict[str, str], folder: Path, dataset: AnnotatedImages | None) -> Example:
    for name in NEEDED:
        if name not in cells:
            raise DataError(f"{name} is empty")
    classes = {name: cells.get(name) for name in ("original", "pasted")}
    head: dict[str, Any] = {"name": cells["name"], "intended": cells["intended"], **classes}
    picture, index = _picture(cells["picture"], folder, dataset)
    if "patch" not in cells:
        if "region" not in cells or "colour" not in cells:
            raise UsageError("give a patch to paste, or a region and a colour to paint")
        mask = region(_known(dataset), _index(index, cells["picture"]), cells["region"])
        return Example(picture=picture, region=mask, colour=_colour(cells["colour"]), **head)
    if "colour" in cells:
        raise UsageError("a patch is pasted as it is; leave out the colour, or the patch")
    if "region" not in cells:
        return Example(picture=picture, patch=read_patch(folder / cells["patch"]), **head)
    source, place = _picture(cells["patch"], folder, dataset)
    mask = region(_known(dataset), _index(place, cells["patch"]), cells["region"])
    return Example(picture=picture, patch=cut_out(source, mask), source=source, **head)


def _picture(name: str, folder: Path, dataset: AnnotatedImages | None) -> tuple[Image, int | None]:
    """The picture, and its number where it is one of the dataset."""
    if dataset is not None and name in dataset.keys:
        index = dataset.keys.index(name)
        return dataset.image(index).convert("RGB"), index
    if (folder / name).is_file():
        return read_picture(folder / name), None
    near = did_you_mean(name, dataset.keys) if dataset is not None else ""
    raise UsageError(f"{name!r} is neither an image of the dataset nor a file beside the table{near}")


def _known(dataset: AnnotatedImages | None) -> AnnotatedImages:
    if dataset is None:
        raise UsageError("a region needs labels: name the dataset with --dataset, or give a PNG with alpha as patch")
    return dataset


def _index(index: int | None, name: str) -> int:
    if index is None:
        raise UsageError(f"{name!r} is no image of the dataset, so it has no labelled region")
    return index


def _colour(text: str) -> tuple[int, int, int]:
    parts = [part.strip() for part in text.replace(" ", ",").split(",") if part.strip()]
    if len(parts) != 3 or not all(part.isdecimal() and int(part) <= 255 for part in parts):
        raise UsageError(f"a colour is three numbers 0..255, such as 40,118,184; not {text!r}")
    red, green, blue = map(int, parts)
    return red, green, blue
