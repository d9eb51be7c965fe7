"""Features of a frozen network: computed once per photo, kept beside the data set, read back.

extract      files -> features, batch by batch, on all cores
cache        features kept beside the data set, in
  shards       files that show when they are damaged
stored       features that stay on the disk, and
  stream       batches of them, shuffled by block
cluster      the same features computed by many machines
statistics   mean and deviation of features that come a few at a time
"""
