"""The five reports as runs: what was published beside what the training core measures.

    experiment      what an experiment is: tasks, rows beside published figures, figures to draw
    recipe          a training as a table of typed settings, and the one function that runs it
    sources         where digits, faces and weights come from
    results         results/NAME.json and NAME.md
    reproduce       runs the tasks of experiments, as many at once as there are cores
    catalogue       all experiments by name
    figures         what the figures of several reports share

    cs559, lab1, tensor_framework
                    one report each: its settings, its published figures, its pictures
    numpy_cnn       the same for a report of many pictures; they are in `numpy_cnn_figures`, drawn by
                    `convergence` (errors by epoch), `filter_sheets` and `activation_plots`
    csc411          softmax regression in `csc411_digits`, two of its weights in `csc411_two_weights`,
                    `csc411_efficiency`, `csc411_faces`; pictures in `csc411_figures`

A further report is a file beside these and a line in `catalogue`.
"""
