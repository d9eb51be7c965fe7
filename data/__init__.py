"""Pictures with labels: lists, downloads, folders of photos, portraits, MNIST.

download/    a list of rows -> a folder of crops, a manifest and a report
web/         one URL -> its bytes, or the reason why there are none
journal/     the outcome of each row, kept on disk
photos/      folders of photos, splits, opening and cutting a photo, augmentation
quality/     near-duplicates, and lists that look wrong
portraits/   drawn people, the data set that comes with the package
mnist/       the four files of MNIST
cluster/     the same download by many machines

Beside them are modules that all of them use: `rows` (a row of a list, a box), `reasons` (why a row ended), `settings`,
`folder_names` (a person's name as a folder), `atomic_write` and `atomic_folder`, `folder_lock`, `process_pool`,
`cores`, and `wording` (numbers of things in words). Only `photos.augmentation` imports torch, so that a download starts
without it.
"""
