"""The annotated image datasets that can be probed.

To add one, write a file here that has its name, with `read(path, *, categories, mask_size)`, and add a row.  Nothing is
imported here, since the help of commands reads it.
"""

DATASETS = {
    "broden": "`index.csv`, `category.csv`, `label.csv`, `images/`; or the path of another index, `index_x.csv`",
    "ade20k": "the full dataset: `.jpg`, `_seg.png`, `_parts_N.png`, `.json`",
    "labelmaps": "`images/`, `annotations/` and a names file (scene parsing)",
    "coco": "COCO panoptic",
    "imagefolder": "a folder for each class: the gold label; and the colour of each point",
}
"""`--dataset KIND:FOLDER`, and what lies in the folder."""
