"""Digits: networks that recognise them, and pictures of what these networks learned.

    digits          MNIST as tensors: subsets, splits, normalisations
    networks        softmax regression, fully connected and convolution networks, as layers of `nn`
    settings        every default of `train-mnist`, in one place
    classifier      a classifier of digits with the interface of scikit-learn
    training_run    train-mnist: the files of MNIST in, a run folder out, with its page from `run_page` and its
                    pictures from `pictures`
    deconvolution   the response of a convolution, mapped back to the image by the transposed Toeplitz matrix
    cost_surface    the cost over two weights, and the paths of gradient descent on it

Published results are not here, but in `experiments`.
"""
