"""Features of a frozen network: computed once per photo, cached beside the data set.

extract      files -> features, batch by batch, on all cores
  on_gpu       copies to a GPU and back, beside its computing
cache        the cache, made of
  shards       the files: each has one batch of photos, and a checksum in its name
stored       features that are read from the shards a few at a time
  stream       batches of them for training, shuffled within a window
cluster      the same features computed by several machines
statistics   mean and deviation of features that are read a few at a time
"""
