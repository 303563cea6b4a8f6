"""Reads the tensors of a PyTorch checkpoint without PyTorch.

Files of PyTorch before 1.6 are pickles in a row: a magic number, the format's version, facts of the machine,
the dictionary of tensors (each a view on a storage), the storages' keys; then every storage: its length and its bytes.
"""

import io
import pickle
import struct
from collections import OrderedDict

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read(content: bytes) -> dict:
    file = io.BytesIO(content)
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("not a PyTorch checkpoint of the format before 1.6")
    _Unpickler(file).load()
    _Unpickler(file).load()
    views = _Unpickler(file).load()
    storages = {}
    dtypes = {view.storage.key: view.storage.dtype for view in views.values()}
    for key in _Unpickler(file).load():
        (length,) = struct.unpack("<q", file.read(8))
        dtype = dtypes[key]
        storages[key] = np.frombuffer(file.read(length * dtype.itemsize), dtype)
    return {name: view.on(storages[view.storage.key]) for name, view in views.items()}


class _Storage:
    def __init__(self, dtype: np.dtype, key: str):
        self.dtype = dtype
        self.key = key


class _View:
    def __init__(self, storage, offset, shape, strides, *_):
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides

    def on(self, elements: np.ndarray) -> np.ndarray:
        # Convolutions lie in memory in TensorFlow's order: the strides tell.
        strides = [stride * elements.itemsize for stride in self.strides]
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(elements[self.offset :], self.shape, strides))


class _Unpickler(pickle.Unpickler):
    """Knows the few names that tensors need, and refuses every other, so that a file cannot run code."""

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _View
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"`{module}.{name}` has no place in a file of weights")

    def persistent_load(self, reference):
        _, dtype, key, *_ = reference
        return _Storage(dtype, key)
