"""AlexNet up to conv5, frozen: photos in, 9,216 numbers each out, computed once.

architecture   the two networks as tables, and what their photos are normalised by
weights        what --weights names: `load_weights`, the one door to
  frozen         the numbers and what tells them from others
  weight_files   a file: torch's, safetensors, numpy's
  imagenet       torchvision's own, fetched once
network        the forward pass, made of
  stage          convolution, ReLU, normalisation, pooling
  fourier        the same convolution with a quarter of the multiplications
  response       local response normalisation
  precision      float32 or bfloat16
extract        files -> features, batch by batch
cache          features kept beside the data set, in
  shards         files that show when they are damaged
cluster        the same features computed by many machines
stored         features that stay on the disk, and
  stream         batches of them, shuffled by block
"""
