"""BentoML as its documentation shows it, over the ONNX file in $MODEL, on one worker and one thread."""

import os

import bentoml
import numpy as np
import onnxruntime as ort


@bentoml.service(workers=1)
class Forest:
    def __init__(self):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.names = [column.name for column in self.session.get_inputs()]

    @bentoml.api
    def predict(self, x: list) -> dict:
        rows = np.asarray(x, dtype=np.float64)
        feeds = {name: rows[:, i : i + 1] for i, name in enumerate(self.names)}
        label, probabilities = self.session.run(["label", "probabilities"], feeds)
        return {"label": int(label[0]), "p": probabilities[0].tolist()}
