"""Pictures with labels: lists, downloads, folders of photos, portraits, MNIST.

download/    a list of rows -> a folder of crops, a manifest and a report
web/         one URL -> its bytes, or the reason why there are none
journal/     what became of each row, kept on disk
photos/      folders of photos, splits, opening and cutting a photo, augmentation
quality/     what no single row shows: near-duplicates, lists that look wrong
portraits/   people drawn here, the data set that comes with the package
mnist/       the four files of MNIST
cluster/     the same download by many machines

What all of them use lies beside them: `rows` (a row of a list, a box), `reasons` (why a row ended as it did),
`settings`, `folder_names` (a person's name as a folder's), `atomic_write`. Torch is imported by `photos.augmentation`
alone, so that a download starts without it.
"""
