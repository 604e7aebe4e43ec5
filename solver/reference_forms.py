"""Where the two searches of the paper's released code differ.  Nothing heavy is imported: help texts list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReferenceForm:
    """Where the code's two searches differ.

    copies: how often each concept enters.  first_needs_iou, added_needs_iou: whether a concept needs an
    IoU above 0 to stand in the first beam, and to be added.  epsilon: what the code adds to the union.
    min_active: units active on fewer points are skipped.  says: the form in a sentence's part, for help texts.
    """

    copies: int
    first_needs_iou: bool
    added_needs_iou: bool
    epsilon: float
    min_active: int
    says: str


FORMS = {
    "vision": ReferenceForm(
        copies=1,
        first_needs_iou=True,
        added_needs_iou=False,
        epsilon=1e-10,
        min_active=0,
        says="of images",
    ),
    "nli": ReferenceForm(
        copies=2,
        first_needs_iou=False,
        added_needs_iou=True,
        epsilon=2.0**-126,
        min_active=500,
        says="of sentence pairs, where --min-active is 500 by default",
    ),
}
