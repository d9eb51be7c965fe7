"""Figures of a run and of experiments: each as a matplotlib figure (`..._figure`) and as PNG bytes, always the same.

`curves` draws learning curves, `confusion` the confusion matrix, `tiles` the poster of weights, `sheet` small pictures
under labels, `series` lines over an axis, `contour` a cost over two weights, `bars` reported beside measured values.
`style` has the colours and `png`, with `faces.mplstyle`; `layout` headings, legends and sizes; `cells` paints weights.
"""
