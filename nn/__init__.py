"""The training core: networks written out by hand, trained by one loop. It knows tensors, not tasks.

    parameter      a tensor that training changes, and its gradient
    buffer         a tensor that is saved with the parameters, but that no optimiser moves
    products       the two matrix products of a linear layer, and the layout in which they are fast
    convolution    the three products of a convolution layer, and how each is carried out fast
    toeplitz       the convolution as one matrix: for tests and for looking
    windows        where a kernel is laid over an image, for convolutions and poolings
    layers/        forward and backward, one layer a file; `layers/base.py` is the contract
    losses/        what training makes small, one loss a file
    optimisers/    how a gradient becomes a step: SGD, Adam, AdamW
    initialisers   the numbers a parameter starts from
    schedules      the learning rate as a function of the step
    training       the one loop, and the five verbs of a step
    evaluation     loss and accuracy, every sample once
    batches        where the loop's data come from
    early_stopping when to stop
    history        what an epoch measured
    ranks          several processes that train one network together, and one that trains alone
    world          what torchrun tells a process of the others
    process_group  how they talk: torch.distributed, imported only where torchrun has started several
    chance         what they draw: together the numbers that one would draw alone
    shared_gradients  the one place where their gradients become one
    training_state all that a resumed training needs, and nothing else
    resume         an interrupted training goes on, if it is the same
    checkpoint     tensors and JSON as bytes
    threads        how many cores a computation is shared out between
    gradient_check finite differences against `backward`
    checks         the sentences in which all of them refuse

It imports torch, safetensors, the standard library and the leaf `errors`. It touches no file and prints
nothing; autograd stands only in its tests, as the oracle. Tensors made here never require grad.
"""
