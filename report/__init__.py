"""What a run leaves behind for people: its figures, its page, its numbers, its folder. Arrays and plain values only.

`figures` draws PNGs, `page` writes report.html. `results` turns predictions into metrics.json and predictions.csv,
`hidden_units` finds the class a unit has its largest weight for and the samples that activate it most, `run_folder`
names and writes the files, `progress` has the type of a progress bar.
"""
