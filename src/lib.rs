//! SQL predictions over ONNX models, for native programs and for the browser.
