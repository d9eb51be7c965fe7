"""The four files of MNIST.

files      what they are, where they lie, and their arrays
idx        one file of the IDX form -> an array
download   fetched, verified, stored
mirrors    where they are fetched from
gzipped    packed bytes, unpacked within a limit
"""
