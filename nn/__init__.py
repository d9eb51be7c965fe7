"""Networks written out by hand, and the loop that trains them. It knows tensors, not faces or digits.

    parameter       a tensor that training changes, and its gradient
    buffer          a tensor of a layer that no optimiser moves
    layers/         forward and backward; `layers/base.py` is the contract
    losses/         what training minimises
    optimisers/     SGD, Adam, AdamW, Muon
    training/       the loop: batches, evaluation, history, early stopping, resuming
    parallel/       several processes that train one network
    kernels/        fast matrix products and convolutions
    initialisers    the first values of a parameter
    discriminant    classes told apart by means and a covariance, without training
    schedules       the learning rate as a function of the step
    checkpoint      tensors and JSON as bytes
    gradient_check  finite differences, compared with `backward`
    device          which device is computed on
    generators      random numbers on another device
    tracing         whether torch records what is computed, for a file of another program
    threads         how many threads torch computes with
    checks          checks that several files share
    described       the text of a layer, loss or optimiser, in one line

It imports torch, safetensors, the standard library and `errors`. It writes no files and prints nothing. Autograd is
used in its tests only.
"""
