"""How products and convolutions are carried out fast.

products      the two matrix products of a linear layer, and the layout in which they are fast
convolution   the three products of a convolution layer
windows       where a kernel is laid over an image, for convolutions and poolings
toeplitz      the convolution as one matrix: for tests and for looking
"""
