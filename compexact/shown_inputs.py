"""The inputs that show a unit, in short: pictures with the unit's outline, sentences, or pairs of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from .experiments.report.layers import layers_png
from .experiments.report.pair_texts import Sentences
from .experiments.report.pictures import Pictures, Shot
from .experiments.report.unit_page import UnitReport
from .experiments.report.word_texts import ShownSentence, WordTexts
from .probes.store import Probe

MOST = 5
HEIGHT, GAP = 160, 6
"""Of the pictures in a row, in pixels."""


class ShownInputs(Protocol):
    """Some inputs of a unit."""

    def lines(self) -> list[str]:
        """For a terminal."""

    def html(self) -> str:
        """For a notebook."""


def shown_inputs(probe: Probe, unit: UnitReport) -> ShownInputs:
    """Those that activate the unit most; none where the probe keeps none."""
    if words := WordTexts.of(probe):
        return _Words(words.unit(unit).top[:MOST])
    if pairs := Sentences.of(probe):
        top = pairs.unit(unit.column, unit.cell_mask).top[:MOST]
        return _Texts([f"{pair.premise} / {pair.hypothesis}" for pair in top])
    if pictures := Pictures.of(probe):
        shots = pictures.shots(unit.column, unit.cell_mask)[:MOST]
        return _Images(pictures, shots, [probe.inputs.images[shot.image] for shot in shots])
    return _Texts([])


@dataclass(frozen=True)
class _Texts:
    texts: Sequence[str]

    def lines(self) -> list[str]:
        return [f"  {text}" for text in self.texts]

    def html(self) -> str:
        return "".join(f"<div>{escape(text)}</div>" for text in self.texts)


@dataclass(frozen=True)
class _Words:
    """Sentences; the words that the unit is active on are marked, and those that the formula holds for underlined."""

    sentences: Sequence[ShownSentence]

    def lines(self) -> list[str]:
        return [
            "  " + "".join(f"*{piece.text}*" if piece.is_active else piece.text for piece in sentence.pieces)
            for sentence in self.sentences
        ]

    def html(self) -> str:
        return "".join(f"<div>{self._marked(sentence)}</div>" for sentence in self.sentences)

    def _marked(self, sentence: ShownSentence) -> str:
        marked = []
        for piece in sentence.pieces:
            text = f"<u>{escape(piece.text)}</u>" if piece.holds else escape(piece.text)
            marked.append(f"<mark>{text}</mark>" if piece.is_active else text)
        return "".join(marked)


@dataclass(frozen=True)
class _Images:
    pictures: Pictures
    shots: Sequence[Shot]
    names: Sequence[str]

    def lines(self) -> list[str]:
        return [f"  {name}" for name in self.names]

    def html(self) -> str:
        if not self.shots:
            return ""
        coded = base64.b64encode(self._strip()).decode()
        names = escape(", ".join(self.names), quote=True)
        return f'<img alt="{names}" title="{names}" src="data:image/jpeg;base64,{coded}">'

    def _strip(self) -> bytes:
        """All in a row, as one JPEG file: outlined where the unit is active, and where the formula holds."""
        from PIL import Image

        shown = []
        for shot in self.shots:
            picture = Image.open(io.BytesIO(self.pictures.jpeg(shot.image)), formats=["JPEG"]).convert("RGBA")
            size = (max(1, round(HEIGHT * picture.width / picture.height)), HEIGHT)
            layer = Image.open(io.BytesIO(layers_png([shot]))).convert("RGBA").resize(size)
            shown.append(Image.alpha_composite(picture.resize(size), layer).convert("RGB"))
        strip = Image.new("RGB", (sum(each.width + GAP for each in shown) - GAP, HEIGHT), "white")
        at = 0
        for each in shown:
            strip.paste(each, (at, 0))
            at += each.width + GAP
        buffer = io.BytesIO()
        strip.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()
