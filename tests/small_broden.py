"""A dataset in Broden's form that is made on the spot."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_broden(root: Path, n_images: int = 4) -> Path:
    """Images of 12 x 12 with label maps of 6 x 6: objects sky and sea, scene beach in every second one."""
    (root / "images").mkdir(parents=True)
    rows = ["image,split,ih,iw,sh,sw,object,scene"]
    for i in range(n_images):
        rng = np.random.default_rng(i)
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(root / f"images/{i}.png")
        labels = np.zeros((6, 6, 3), dtype=np.uint8)
        labels[..., 0] = rng.integers(0, 3, (6, 6))
        Image.fromarray(labels).save(root / f"images/{i}_object.png")
        rows.append(f"{i}.png,train,12,12,6,6,{i}_object.png,{3 if i % 2 else ''}")
    (root / "index.csv").write_text("\n".join(rows) + "\n")
    (root / "category.csv").write_text("name,first,last,count,frequency\nobject,1,2,2,8\nscene,3,3,1,2\n")
    (root / "label.csv").write_text(
        "number,name,category,frequency,coverage,syns\n1,sky,object(4),4,1.0,\n2,sea,object(4),4,1.0,\n3,beach-s,scene(2),2,2.0,\n"
    )
    return root
