#!/usr/bin/env python3
"""Make the networks that `cargo xtask bench` runs beside LiteRT.js, each as ONNX and as `.tflite`: `make.py FOLDER`.

Keras' own MobileNetV2 and ResNet-50, with weights by chance and scores before the softmax, which would hide what differs. A `.tflite` takes one
picture: that is what its makers measure.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tf2onnx import convert

SHAPE = (224, 224, 3)
NETWORKS = {"mobilenet_v2": tf.keras.applications.MobileNetV2, "resnet_50": tf.keras.applications.ResNet50}


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tf.keras.utils.set_random_seed(3)
    for name, build in NETWORKS.items():
        network = build(weights=None, input_shape=SHAPE, classifier_activation=None)
        scores = _function(network)
        convert.from_function(scores, scores.input_signature, opset=15, output_path=str(folder / f"{name}.onnx"))
        # The converter leaves Keras' variables as variables, without their values.
        frozen = convert_variables_to_constants_v2(scores.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        (folder / f"{name}.tflite").write_bytes(converter.convert())


def _function(network: tf.keras.Model) -> tf.types.experimental.PolymorphicFunction:
    @tf.function(input_signature=[tf.TensorSpec((1, *SHAPE), tf.float32, name="x")])
    def scores(x):
        return {"scores": network(x, training=False)}

    return scores


if __name__ == "__main__":
    write(Path(sys.argv[1]))
