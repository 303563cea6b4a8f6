"""EfficientNet-Lite0 as an ONNX model that takes a picture as SQL has it and answers in words.

Input: RGB, rows of pixels, each value in [0, 1]. The scaling that the network was trained with is inside the graph.
Outputs: the best class's name, its probability, the probabilities of all classes, and the features that they are computed of.
"""

import json
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 224
FEATURES = 1280
EPSILON = 1e-3
# Operator sets and file format that onnxruntime has read since 2021.
OPSETS = {"": 13, "ai.onnx.ml": 2}
IR_VERSION = 7


@dataclass(frozen=True)
class Stage:
    """Blocks of one kernel size; the first of them has the stride."""

    blocks: int
    kernel: int
    stride: int


STAGES = [Stage(1, 3, 1), Stage(2, 3, 2), Stage(2, 5, 2), Stage(3, 3, 2), Stage(3, 5, 1), Stage(4, 5, 2), Stage(1, 3, 1)]


def build(weights: dict, labels: list) -> bytes:
    network = _Network(weights)
    probabilities = network.softmax(network.classify(network.features(network.pixels("input"))))
    network.add("ReduceMax", [probabilities], "probability", axes=[1], keepdims=0)
    best = network.add("ArgMax", [probabilities], "best", axis=1, keepdims=0)
    network.add("LabelEncoder", [best], "label", domain="ai.onnx.ml", keys_int64s=list(range(len(labels))), values_strings=labels)

    graph = helper.make_graph(
        network.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"]),
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(labels)]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", FEATURES]),
        ],
        network.constants,
    )
    model = helper.make_model(
        graph,
        producer_name="predictql demo",
        doc_string="EfficientNet-Lite0 trained on ImageNet, Apache-2.0. Input: RGB in [0, 1].",
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSETS.items()],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {"labels": json.dumps(labels)})
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Network:
    """Collects nodes and constants. A value's name is its producer's, so errors about a node can be read."""

    def __init__(self, weights: dict):
        self.weights = weights
        self.nodes = []
        self.constants = []

    def add(self, kind: str, inputs: list, name: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, value) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def pixels(self, picture: str) -> str:
        """(x * 255 - 127) / 128, channels first."""
        scaled = self.add("Mul", [picture, self.constant("levels", 255)], "bytes")
        centred = self.add("Sub", [scaled, self.constant("mean", 127)], "centred")
        normal = self.add("Div", [centred, self.constant("deviation", 128)], "normal")
        return self.add("Transpose", [normal], "channels_first", perm=[0, 3, 1, 2])

    def features(self, value: str) -> str:
        value = self.convolve(value, "_conv_stem", "_bn0", kernel=3, stride=2)
        block = 0
        for stage in STAGES:
            for i in range(stage.blocks):
                value = self.block(value, f"_blocks.{block}.", stage.kernel, stage.stride if i == 0 else 1, skip=i > 0)
                block += 1
        return self.convolve(value, "_conv_head", "_bn1")

    def block(self, value: str, prefix: str, kernel: int, stride: int, *, skip: bool) -> str:
        start = value
        if f"{prefix}_expand_conv.weight" in self.weights:
            value = self.convolve(value, f"{prefix}_expand_conv", f"{prefix}_bn0")
        value = self.convolve(value, f"{prefix}_depthwise_conv", f"{prefix}_bn1", kernel=kernel, stride=stride)
        value = self.convolve(value, f"{prefix}_project_conv", f"{prefix}_bn2", clip=False)
        return self.add("Add", [start, value], f"{prefix}skip") if skip else value

    def convolve(self, value: str, name: str, norm: str, *, kernel: int = 1, stride: int = 1, clip: bool = True) -> str:
        """Convolution, batch normalisation folded into it, ReLU6."""
        kernels = self.weights[f"{name}.weight"].astype(np.float64)
        gain = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"].astype(np.float64) + EPSILON)
        shift = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * gain
        # TensorFlow's SAME: every size here divides by its stride, and the odd pixel goes below and to the right.
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        value = self.add(
            "Conv",
            [value, self.constant(f"{name}.weight", kernels * gain[:, None, None, None]), self.constant(f"{name}.bias", shift)],
            name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=len(kernels) if kernels.shape[1] == 1 else 1,
        )
        return self.add("Clip", [value, self.bound("zero", 0), self.bound("six", 6)], f"{name}.relu6") if clip else value

    def bound(self, name: str, value: float) -> str:
        return name if any(constant.name == name for constant in self.constants) else self.constant(name, value)

    def classify(self, value: str) -> str:
        pooled = self.add("GlobalAveragePool", [value], "pooled")
        features = self.add("Flatten", [pooled], "features", axis=1)
        weight = self.constant("_fc.weight", self.weights["_fc.weight"])
        return self.add("Gemm", [features, weight, self.constant("_fc.bias", self.weights["_fc.bias"])], "logits", transB=1)

    def softmax(self, value: str) -> str:
        return self.add("Softmax", [value], "probabilities", axis=1)
