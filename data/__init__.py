"""Pictures with labels: lists, fetch, verify, crop, journal, portraits, folders, splits, augmentation.

How a photo travels: a row of a list (`lists`, `rows`) -> its bytes (`fetch`) -> SHA-256 equal? -> decoded, cut to its
box, resized (`crop`) -> a file `person/...` (`names`, `publish`) beside a journal line (`journal`). `download` drives
this for many rows at once, `summary` tells what came of it. Later `verify` compares the files with the journal and
has bad ones again, and `forget` removes a person. MNIST's four files (`mnist`, `idx`) come the same way, from
`mirrors`, by `mnist_download`. `admission` decides which rows are asked for, `work` works through them on one
machine, `cluster` on many; `book` and `records` are what they ask of a journal and how it writes things down. What
can go wrong on the way is in `docs/faults.md`.

Imports none of the other rooms. Torch is imported by `augment` alone, so that a download starts without it.
"""
