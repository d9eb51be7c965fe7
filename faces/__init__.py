"""Who is this? Networks that tell people apart, their training, and what they learned.

settings       every default of the networks, without torch, so that --help is quick
classifier     what all of them share: fit, predict, predict_proba, score, classes_, save, load
photos         what a classifier is given: an array in memory, or one on the disk
hidden         the hidden-layer network on grey pixels
normaliser     how pixels become the network's inputs
training_run   train-faces: a folder of photos in, a run folder out
run            the files of a run, and reading a trained classifier back from them
"""
