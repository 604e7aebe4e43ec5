"""What a linguist would annotate, through spaCy: tokens, tags, lemmas, entities, dependencies.

A trained pipeline (`en_core_web_sm`, or a folder such as `compexact train tagger` makes) gives what its parts
make.  Without one, spaCy's rules for English split sentences into tokens, and the rest comes from the file or
not at all.  Nothing is fetched, and nothing is replaced unseen: `annotation_sources` says what made what.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...solver.errors import CompexactError, DataError, UsageError, did_you_mean
from ..datasets.files import shown
from ..digests import file_digest
from ..factories import brief
from ..progress import Progress, silent
from .lemmas import add_lemmas
from .pairs import Pairs, Sentence

if TYPE_CHECKING:  # spaCy takes seconds to load
    from spacy.language import Language
    from spacy.tokens import Doc

BLANK = "blank English"
TAGS_FROM = ("file", "pipeline")
ASSIGNED_BY = {
    "tags": "token.tag",
    "lemmas": "token.lemma",
    "entities": "token.ent_type",
    "dependencies": "token.dep",
}
"""What is annotated beside the tokens, and the attribute that a component says it sets."""

_BATCH = 256


@dataclass(frozen=True)
class AnalysedSentence:
    """A sentence's tokens and what each of them is; a field is () where nothing gives it.

    tags: fine ones (Penn treebank for English).  entities: the kind of entity that the token is part of, or "".
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnalysedPair:
    """A pair of analysed sentences."""

    premise: AnalysedSentence
    hypothesis: AnalysedSentence


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A spaCy pipeline and what it makes.

    makes: of the keys of `ASSIGNED_BY`, those that some part of it sets, each with what to call its maker.
    digest: sha256 over the files of its folder, hex; "" without trained parts.
    notes: whole sentences that a user should know.
    """

    name: str
    nlp: Language
    makes: dict[str, str]
    digest: str = ""
    notes: tuple[str, ...] = ()


def open_pipeline(spec: str | None = None, *, lemma_tables: str | Path | None = None) -> Pipeline:
    """The pipeline that `spec` names: an installed one, a folder, or None for English without trained parts.

    lemma_tables: a folder with spaCy's `en_lemma_lookup.json` (or `.json.gz`), for a pipeline that makes no lemmas.

    Raises UsageError for an unknown name (naming those that are installed), DataError for a damaged folder.
    """
    if spec is None:
        import spacy

        nlp, name, digest = spacy.blank("en"), f"{BLANK} (spaCy {spacy.__version__})", ""
        notes = ["Without a trained pipeline there are no entities or dependencies, and tags only as the file has."]
    else:
        nlp, notes = _load(spec)
        name, digest = f"{spec} ({nlp.meta['name']} {nlp.meta['version']})", _folder_digest(nlp.path)
    makes = {
        what: name
        for what, attribute in ASSIGNED_BY.items()
        if any(attribute in nlp.get_pipe_meta(part).assigns for part in nlp.pipe_names)
    }
    if lemma_tables is not None and "lemmas" in makes:
        raise UsageError(f"pipeline {spec!r} makes lemmas by itself; leave the lemma tables out")
    if "lemmas" not in makes and (source := add_lemmas(nlp, lemma_tables)):
        makes["lemmas"] = source
    if "lemmas" not in makes:
        notes.append("No lemmas: the pipeline makes none, and no table of lemmas is given or installed.")
    return Pipeline(name, nlp, makes, digest, tuple(notes))


def is_pipeline(spec: str) -> bool:
    """Whether `spec` is a folder or the name of an installed pipeline."""
    if os.path.exists(spec):
        return os.path.isdir(spec)
    return os.sep not in spec and spec in _installed()


def load_pipeline(spec: str) -> Language:
    """spaCy's own object; errors as in `open_pipeline`."""
    return _load(spec)[0]


def _installed() -> list[str]:
    from spacy.util import get_installed_models

    return sorted(get_installed_models())


def _load(spec: str) -> tuple[Language, list[str]]:
    """The pipeline, and what spaCy warns of while it is loaded."""
    import spacy

    if not is_pipeline(spec):
        installed = _installed()
        raise UsageError(
            f"no spaCy pipeline {shown(spec)!r}: neither a folder nor installed (installed: "
            f"{', '.join(installed) or 'none'}); without a pipeline, tokens are made by rule and tags come from "
            f"a tagged file{did_you_mean(spec, installed)}"
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            nlp = spacy.load(Path(spec) if os.path.isdir(spec) else spec)
        except Exception as error:  # spaCy and its parts meet a damaged folder in many ways
            raise DataError(f"{shown(spec)}: not a spaCy pipeline, or a damaged one ({brief(error)[:300]})") from None
    return nlp, [" ".join(str(warning.message).split()) for warning in caught if warning.category is UserWarning]


def _folder_digest(folder: Path | None) -> str:
    if folder is None:
        return ""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    lines = "".join(f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def annotation_sources(pairs: Pairs, pipeline: Pipeline, *, tags_from: str = "file") -> dict[str, str]:
    """What makes `tokens`, `tags`, `lemmas`, `entities` and `dependencies` in `analyse`: words for reports.

    tags_from: `file` takes the tags that the file has, and the pipeline's where it has none; `pipeline` takes the
    pipeline's.  The file's tokens are kept where it has them.
    """
    if tags_from not in TAGS_FROM:
        raise UsageError(
            f"tags_from is {' or '.join(TAGS_FROM)}, not {tags_from!r}{did_you_mean(tags_from, TAGS_FROM)}"
        )
    if tags_from == "pipeline" and "tags" not in pipeline.makes:
        raise UsageError(f"pipeline {pipeline.name} makes no tags; take the file's, or a pipeline with a tagger")
    sentences = [sentence for pair in pairs.pairs for sentence in (pair.premise, pair.hypothesis)]
    has_tokens = all(sentence.tokens is not None for sentence in sentences)
    has_tags = all(sentence.tags is not None for sentence in sentences)
    sources = {"tokens": "the file" if has_tokens else f"spaCy's rules, as in {pipeline.name}"}
    sources |= {what: pipeline.makes.get(what, "none") for what in ASSIGNED_BY}
    if has_tags and tags_from == "file":
        sources["tags"] = "the file"
    return sources


def analyse(
    pairs: Pairs,
    pipeline: Pipeline,
    on_progress: Progress = silent,
    *,
    tags_from: str = "file",
) -> tuple[AnalysedPair, ...]:
    """Every pair's sentences, analysed; equal sentences once.  tags_from: see `annotation_sources`.

    Tokens of blanks alone are left out.  Raises UsageError where the pipeline fails, and where it makes tokens
    with blanks in them.
    """
    annotation_sources(pairs, pipeline, tags_from=tags_from)
    both = (sentence for pair in pairs.pairs for sentence in (pair.premise, pair.hypothesis))
    unique = list(dict.fromkeys(both))
    from_file = tags_from == "file"
    analysed = {}
    for done, (sentence, doc) in enumerate(zip(unique, _docs(unique, pipeline, from_file), strict=True), start=1):
        analysed[sentence] = _analysed(sentence, doc, pipeline, from_file)
        if done % _BATCH == 0 or done == len(unique):
            on_progress("analysing sentences", done, len(unique))
    return tuple(AnalysedPair(analysed[pair.premise], analysed[pair.hypothesis]) for pair in pairs.pairs)


def _docs(sentences: list[Sentence], pipeline: Pipeline, tags_from_file: bool) -> Iterator[Doc]:
    """The pipeline's documents.  The file's tags are there before its parts run, since lemmas follow from them."""
    from spacy.tokens import Doc

    def start(sentence: Sentence) -> Any:
        if sentence.tokens is None:
            return sentence.text
        tags = list(sentence.tags) if sentence.tags is not None and tags_from_file else None
        return Doc(pipeline.nlp.vocab, words=list(sentence.tokens), tags=tags)

    try:
        yield from pipeline.nlp.pipe(map(start, sentences), batch_size=_BATCH)
    except CompexactError:
        raise
    except Exception as error:  # whatever the parts of the user's pipeline do
        raise UsageError(f"pipeline {pipeline.name} fails with {brief(error)[:300]}") from error


def _analysed(sentence: Sentence, doc: Doc, pipeline: Pipeline, tags_from_file: bool) -> AnalysedSentence:
    given = sentence.tokens is not None
    tokens = [token for token in doc if given or not token.is_space]
    merged = next((token.text for token in tokens if " " in token.text), None)
    if merged is not None or (given and len(tokens) != len(sentence.tokens or ())):
        raise UsageError(
            f"pipeline {pipeline.name} makes tokens of several words{'' if merged is None else f', {merged[:40]!r}'}; "
            "leave out its parts that merge or split tokens"
        )
    tags = tuple(token.tag_ for token in tokens) if "tags" in pipeline.makes else ()
    if sentence.tags is not None and tags_from_file:
        tags = sentence.tags
    made = pipeline.makes
    return AnalysedSentence(
        tuple(token.text for token in tokens),
        tags,
        tuple(token.lemma_ for token in tokens) if "lemmas" in made else (),
        tuple(token.ent_type_ for token in tokens) if "entities" in made else (),
        tuple(token.dep_ for token in tokens) if "dependencies" in made else (),
    )
