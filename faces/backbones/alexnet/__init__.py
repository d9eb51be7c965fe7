"""AlexNet up to conv5, frozen: crops in, 9,216 numbers each out.

alexnet        the backbone, made of
architecture   the two networks as tables, and what their photos are normalised by
weights        what --weights names: `load_weights`, the one way to
  frozen         the numbers and what tells them from others
  weight_files   a file: torch's, safetensors, numpy's
  imagenet       torchvision's own, fetched once
network        the forward pass, made of
  stage          convolution, ReLU, normalisation, pooling
  fourier        the same convolution with a quarter of the multiplications
  response       local response normalisation
"""
