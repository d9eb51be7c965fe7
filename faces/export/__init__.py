"""A run as one file for other programs: pixels of crops in, probabilities out; ONNX or TorchScript.

export        a run -> a file, which has been run and compared with the classifier
recorded      what a classifier computes, recorded by torch's tracer: there is no second version of it
onnx_file     the recording as ONNX
torchscript_file    and as TorchScript
about         what the file says of itself: people, threshold, how a crop is made
"""
