"""Arrays in one file, in the safetensors format: header length, JSON header, the arrays' bytes, little-endian."""

import json
import struct

import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "U8": "u1"}
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
ALIGNMENT = 8


def read_tensors(path):
    """By name [n], mapped from the file: what is not looked at costs no memory."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        dtype = np.dtype(DTYPES[entry["dtype"]])
        shape = ((end - begin) // dtype.itemsize,)
        # An empty range cannot be mapped.
        found[name] = np.memmap(path, dtype, "r", 8 + length + begin, shape) if end > begin else np.empty(0, dtype)
    return found


def write_tensors(path, tensors):
    """The same arrays give the same bytes."""
    header, offset = {}, 0
    flat = {name: np.ascontiguousarray(values).reshape(-1) for name, values in tensors.items()}
    for name, values in flat.items():
        begin = -(-offset // ALIGNMENT) * ALIGNMENT
        offset = begin + values.nbytes
        header[name] = {"dtype": NAMES[values.dtype], "shape": [values.size], "data_offsets": [begin, offset]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, values in flat.items():
            file.seek(8 + len(text) + header[name]["data_offsets"][0])
            file.write(values.tobytes())
