"""Probes: what a model does on an annotated dataset, counted; and the only place that imports torch.

    from compexact import probes

    probe = probes.open_probe("probe")                       # a folder or an .npz file

    model = probes.load_model("torchvision:resnet18", weights=Path("resnet18.pth"))
    images = probes.open_dataset("broden:broden1_224")
    settings = probes.VisionSettings(layers=("layer4",))
    probe = probes.probe_vision(model, images, probes.PRESETS["imagenet"], settings)
    probes.save_probe(probe, "probe")

All of it is imported when it is first asked for: the command line reads its options off settings in here.
"""

from typing import TYPE_CHECKING

from ..solver.later import later

if TYPE_CHECKING:
    from .datasets.spec import open_dataset
    from .models import LoadedModel, load_model
    from .opening import open_probe
    from .preprocess import PRESETS, Preprocessing
    from .store import Probe, save_probe
    from .vision.probe import probe_vision
    from .vision.vision_settings import VisionSettings

__all__ = [
    "PRESETS", "LoadedModel", "Preprocessing", "Probe", "VisionSettings", "load_model", "open_dataset", "open_probe",
    "probe_vision", "save_probe",
]  # fmt: skip

__getattr__ = later(
    __name__,
    {
        "LoadedModel": "models",
        "load_model": "models",
        "open_dataset": "datasets.spec",
        "open_probe": "opening",
        "PRESETS": "preprocess",
        "Preprocessing": "preprocess",
        "Probe": "store",
        "VisionSettings": "vision.vision_settings",
        "probe_vision": "vision.probe",
        "save_probe": "store",
    },
)
