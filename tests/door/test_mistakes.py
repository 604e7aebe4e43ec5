"""What is asked wrongly is refused at the call, in one line that says what was expected."""

import re

import numpy as np
import pytest
import torch
from tiny_transformer import tiny_bert, tiny_tokenizer
from torch import nn

import compexact as cx

RNG = np.random.default_rng(0)
CONCEPTS, UNITS = RNG.random((60, 4)) < 0.4, RNG.random((60, 3)) < 0.4
NET = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
DATA = [(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8), RNG.integers(0, 2, (8, 8))) for _ in range(2)]
NAMES = ["sky", "sea"]
TEXTS = ["a dog sleeps.", "the cat sleeps."]


@pytest.fixture(scope="module")
def probe():
    return cx.probe(CONCEPTS, UNITS)


def of_images(data=DATA, model=NET, **options):
    return cx.probe(model, data, **({"layer": "1", "concepts": NAMES, "image_size": 8} | options))


def of_words(model=None, **options):
    given = {"tokenizer": tiny_tokenizer(), "corpus": TEXTS, "layer": "encoder.layer.0"} | options
    return cx.probe(model or tiny_bert(), **given)


SEARCHES = {
    "an option that there is not": ({"lenght": 3}, "takes no 'lenght'; did you mean 'length'?"),
    "a text for a number": ({"length": "three"}, "length: 'three' is not a whole number"),
    "a fraction for a whole number": ({"length": 2.5}, "length is a whole number, not 2.5"),
    "True for a number": ({"length": True}, "length is a whole number, not True"),
    "a list for a number": ({"length": [1, 2]}, "length is a whole number, not [1, 2]"),
    "a length of none": ({"length": 0}, "1"),
    "one option under two names": ({"length": 3, "max_length": 3}, "length and max_length are one option"),
    "an engine that there is not": ({"engine": "exat"}, "no engine is named 'exat'; did you mean 'exact'"),
    "a number for an engine": ({"engine": 3}, "engine is a text, not 3"),
    "a space that the engine lacks": ({"space": "tree"}, "engine beam searches chain, not 'tree'"),
    "a metric in capitals": ({"metric": "IOU"}, "iou"),
    "a beam of none": ({"beam_size": 0}, "beam"),
    "a penalty that is no number": ({"penalty": "much"}, "penalty"),
    "a time limit of none": ({"engine": "exact", "time_limit": 0}, "time limit must be a number of seconds above 0"),
    "an option that the engine ignores": ({"engine": "exact", "top_k": 3}, "engine exact takes no --top-k"),
    "no processes": ({"jobs": 0}, "--jobs must be from 1"),
    "a place that there is not": ({"on": "slurm"}, "--on takes dask"),
    "a unit that there is not": ({"units": 7}, "there is no unit 7; there are 3, from '0' to '2'"),
    "a unit below 0": ({"units": [-1]}, "there is no unit -1"),
    "no units": ({"units": []}, "units is empty"),
    "a unit that is a fraction": ({"units": [0.5]}, "a unit is a name such as '12', or a whole number, not 0.5"),
    "a range that runs backwards": ({"units": "2-0"}, "runs backwards"),
    "a shard that there is not": ({"shard": "4/3"}, "4/3 is no shard"),
    "progress that is a text": ({"progress": "yes"}, "progress is True or False, not 'yes'"),
    "an output that is no path": ({"output": 3}, "output is the path of a folder, not 3"),
    "a compat that there is not": ({"compat": "papers"}, "--compat takes"),
}


@pytest.mark.parametrize("mistake", SEARCHES)
def test_a_search_refuses(probe, mistake):
    options, said = SEARCHES[mistake]
    refused(lambda: cx.explain(probe, **options), said)


OTHERS = {
    "nothing to probe": (lambda p: cx.probe(), "probe was given no model; it is called as probe(model, dataset"),
    "a model without a dataset": (lambda p: cx.probe(NET), "a model, a Sequential, but no dataset"),
    "an explanation of no probe": (lambda p: cx.explain(3), "a probe is what compexact.probe() gives"),
    "a probe that is not there": (lambda p: cx.explain("nowhere"), "nowhere does not exist"),
    "an audit of an engine that proves nothing": (
        lambda p: cx.audit(p, engine="local"), "an audit needs an engine that proves",
    ),
    "lengths that are texts": (lambda p: cx.audit(p, length=["2"]), "lengths is a whole number, not ['2']"),
    "a formula that is none": (lambda p: cx.score(p, "c0 AND"), "expected a concept, NOT or an opening parenthesis"),
    "a formula that is a number": (lambda p: cx.score(p, 3), "formula is a text such as"),
    "a concept that there is not": (lambda p: cx.score(p, "c9"), "c9"),
    "a report of no run": (lambda p: cx.report([p], "unmade"), "a report is made of runs"),
    "a report of nothing": (lambda p: cx.report([], "unmade"), "a report needs at least one run"),
    "a layer that there is not": (lambda p: of_images(layer="7"), "no layer '7' in Sequential; nearest names: "),
    "no layer": (lambda p: cx.probe(NET, DATA, concepts=NAMES), "probe_vision needs layer=...: Dotted name"),
    "a model that is none": (lambda p: of_images(model=len), "model is an nn.Module, or a text"),
    "a dataset that is none": (lambda p: of_images(data=3), "a dataset is a text such as 'broden:FOLDER'"),
    "labels without names": (lambda p: of_images(concepts=None), "concepts are needed: the name of each label"),
    "too few classes": (lambda p: of_images(classes=["a"]), "classes has 1 names; the model has 2 outputs"),
    "classes in a text": (lambda p: of_images(classes="ab"), "classes is a list of texts"),
    "weights of a model that is there": (lambda p: of_images(weights="w.pth"), "weights go with a model that is named"),
    "a device that there is not": (lambda p: of_images(device="gpu"), "unknown device 'gpu'"),
    "a share above 1": (lambda p: of_images(quantile=5), "the quantile is a share between 0 and 1"),
    "a size of three": (lambda p: of_images(mask_size=(1, 2, 3)), "mask_size is 2 values, such as (112, 112)"),
    "a preset that there is not": (lambda p: of_images(preset="imagnet"), "did you mean 'imagenet'?"),
    "a tokenizer that is missing": (lambda p: of_words(tokenizer=None), "tokenizer is needed beside the model"),
    "a corpus that is a number": (lambda p: of_words(corpus=3), "corpus is files such as 'conllu:dev.conllu'"),
    "a corpus that is not there": (lambda p: of_words(corpus="dev.conllu"), "dev.conllu"),
    "no pairs": (lambda p: cx.probe(NET, pairs=[]), "pairs is empty"),
    "one array of two": (lambda p: cx.probe(neurons=UNITS), "concepts are missing"),
    "arrays of text": (lambda p: cx.probe([["a"]], [[1]]), "concepts is an array of bool or integers"),
    "names in one text": (lambda p: cx.probe(CONCEPTS, UNITS, unit_names="abc"), "unit_names is a list of texts"),
    "a missing option of arrays": (lambda p: cx.probe(CONCEPTS, UNITS, layer="1"), "takes no 'layer'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", OTHERS)
def test_it_refuses(probe, mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask, said = OTHERS[mistake]
    refused(lambda: ask(probe), said)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def refused(ask, said):
    with pytest.raises(cx.UsageError) as error:
        ask()
    message = str(error.value)
    assert said in message
    assert "\n" not in message or "^" in message, "one line, and of a formula the place"


DATA_MISTAKES = {
    "numbers other than 0 and 1": (lambda: cx.probe([[2, 0]], [[1]]), "0 and 1 only"),
    "values that are not binarised": (lambda: cx.probe([[0.5, 1.0]], [[1]]), "binarise it first"),
    "other numbers of rows": (lambda: cx.probe(CONCEPTS, UNITS[:5]), "60 rows"),
    "names that are there twice": (lambda: cx.probe([[1, 0]], [[1]], concept_names=["a", "A"]), "differ"),
    "pictures that were normalised": (
        lambda: of_images(data=[(torch.full((3, 8, 8), -1.0), DATA[0][1])]), "goes beyond 0 and 1",
    ),
    "labels that are fractions": (lambda: of_images(data=[(DATA[0][0], np.zeros((8, 8)))]), "integers (height, width)"),
    "no image": (lambda: of_images(data=[]), "holds no image"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", DATA_MISTAKES)
def test_bad_data_is_refused_with_what_is_wrong(mistake):
    ask, said = DATA_MISTAKES[mistake]
    with pytest.raises(cx.DataError, match=re.escape(said)):
        ask()


def test_there_are_enough_of_them():
    assert len(SEARCHES) + len(OTHERS) >= 40
