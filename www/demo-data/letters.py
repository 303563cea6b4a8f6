"""Models that find lines of text in a picture and read them, PP-OCRv4 for phones, and a page of text."""

import onnx
from onnx import TensorProto, helper

from packages import PackagedFile

PACKAGE = "rapidocr-onnxruntime==1.4.4"
FINDER = PackagedFile(
    PACKAGE,
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
)
READER = PackagedFile(
    PACKAGE,
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
)
PAGE = PackagedFile("scikit-image==0.26.0", "skimage/data/page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3")


def reader(content: bytes) -> bytes:
    """The model with what is likeliest at each place of a line, in the place of the chances of all 6,625 symbols.

    The symbols stand in the file's metadata, a line each; the first one of the model is no symbol, the last one a blank.
    """
    model = onnx.load_from_string(content)
    graph = model.graph
    (known,) = [entry for entry in model.metadata_props if entry.key == "character"]
    symbols = ["", *known.value.splitlines(), " "]
    (chances,) = [output.name for output in graph.output]
    graph.initializer.append(
        helper.make_tensor("symbols", TensorProto.STRING, [len(symbols)], [symbol.encode() for symbol in symbols])
    )
    graph.node.extend(
        [
            helper.make_node("ArgMax", [chances], ["likeliest"], axis=2, keepdims=0),
            helper.make_node("Gather", ["symbols", "likeliest"], ["symbol"]),
            helper.make_node("ReduceMax", [chances], ["chance"], axes=[2], keepdims=0),
        ]
    )
    shape = ["lines", "places"]
    del graph.output[:], graph.input[:], model.metadata_props[:]
    graph.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["lines", 3, 48, "width"]))
    graph.output.append(helper.make_tensor_value_info("symbol", TensorProto.STRING, shape))
    graph.output.append(helper.make_tensor_value_info("chance", TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    return model.SerializeToString()
