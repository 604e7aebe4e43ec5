"""The ten lines that the README shows, as they are written there."""

import re
import runpy
from pathlib import Path

import pytest
import torch
from small_broden import write_broden
from torch import nn

ROOT = Path(__file__).resolve().parents[2]


class SmallNet(nn.Module):
    """As many units as the lines speak of."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer4 = nn.Sequential(nn.Conv2d(3, 484, 7, stride=32), nn.ReLU())
        self.fc = nn.Linear(484, 3)

    def forward(self, images):
        return self.fc(self.layer4(images).mean(dim=(2, 3)))


def ten_lines(page):
    blocks = re.findall(r"```py(?:thon)?\n(.*?)```", page, re.DOTALL)
    (lines,) = [block for block in blocks if "my_resnet" in block]
    return lines


def test_the_readme_and_the_docs_show_the_same_lines():
    assert ten_lines((ROOT / "README.md").read_text()) == ten_lines((ROOT / "docs/python.md").read_text())


@pytest.mark.slow
def test_they_run_as_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_broden(tmp_path / "broden1_224")
    (tmp_path / "lines.py").write_text(ten_lines((ROOT / "README.md").read_text()))
    runpy.run_path("lines.py", {"my_resnet": SmallNet(), "names": ["a", "b", "c"]})
    assert "unit 483: " in capsys.readouterr().out
    assert (tmp_path / "site/index.html").is_file()
