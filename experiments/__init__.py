"""Five course reports, run again with `nn`: published numbers beside measured ones.

    experiment      what an experiment is: tasks, rows beside published figures, figures to draw
    recipe          the settings of one training, and the function that runs it
    sources         where digits, faces and weights come from
    results         results/NAME.json and NAME.md
    reproduce       runs the tasks of experiments in several processes
    catalogue       all experiments by name
    figures         what the figures of several reports share
    start           first values as an author's code draws them

    cs559, lab1, tensor_framework
                    one report each: its settings, its published figures, its pictures
    numpy_cnn       the same for a report of many pictures; they are in `numpy_cnn_figures`, drawn by
                    `convergence` (errors by epoch), `filter_sheets` and `activation_plots`; the layers as the author's
                    code computes them are in `numpy_cnn_published`
    csc411          softmax regression in `csc411_digits`, two of its weights in `csc411_two_weights`,
                    `csc411_efficiency`, `csc411_faces`; pictures in `csc411_figures`

A further report is a file beside these and a line in `catalogue`.
"""
