"""A step graph written as a TensorFlow Lite flatbuffer, straight from the canonical operators: no converter between."""
