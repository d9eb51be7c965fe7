"""What a run leaves behind for people: its figures, its page, its numbers, its folder. Arrays and plain values only.

`figures` draws PNGs, `page` writes report.html. `results` turns predictions into metrics.json and predictions.csv,
`comparison` puts several runs side by side, with `mcnemar`'s test and the intervals of `interval` and `bootstrap`,
`hidden_units` finds the class a unit has its largest weight for and the samples that activate it most, `run_folder`
reads a finished run, `unfinished_run` says where a training may go, keeps its states and publishes the run as a whole,
`progress` has the type of a progress bar.
"""
