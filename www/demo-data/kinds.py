"""Magika, a model that tells what kind of file bytes are, and the names of the kinds."""

import json

from packages import PackagedFile

MODEL = PackagedFile(
    "magika==1.0.3",
    "magika/models/standard_v3_3/model.onnx",
    "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
)
CONFIG = PackagedFile(
    "magika==1.0.3",
    "magika/models/standard_v3_3/config.min.json",
    "ae24c742205358f6ff6dfd5facb6743fb69743dbba8373e73da58ff0cbd695db",
)


def labels(config: bytes) -> bytes:
    """A name for each of the model's scores, a line each."""
    return "".join(f"{name}\n" for name in json.loads(config)["target_labels_space"]).encode()
