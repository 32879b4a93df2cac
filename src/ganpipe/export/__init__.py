"""Files for other programs: samplers as ONNX, TensorRT engines, and what describes them."""
