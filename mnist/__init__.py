"""Digits: networks that read them, and pictures of what these networks learned.

    digits          MNIST as tensors: subsets, splits, normalisations
    networks        softmax regression, fully connected and convolution networks, as layers of `nn`
    settings        every default of `train-mnist`, in one place
    reader          a network that learns from digits and answers with probabilities
    training_run    train-mnist: the files of MNIST in, a run folder out; the files are named in `run`,
                    its page filled in `run_page`, its pictures drawn in `pictures`
    deconvolution   a convolution's response carried back to the image by the transposed Toeplitz matrix
    cost_surface    the cost over two weights, and the paths that gradient descent takes on it

It knows digits, not reports: what was published, and how it compares, is in `experiments`.
"""
