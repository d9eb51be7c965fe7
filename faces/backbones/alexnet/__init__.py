"""AlexNet up to conv5, frozen: crops in, 9,216 numbers each out.

alexnet        the backbone
architecture   the two networks as tables, with the preprocessing of their photos
weights        `load_weights`: what --weights names
  frozen         the class of the weights
  weight_files   weights from a file: torch's, safetensors, numpy's
  imagenet       torchvision's own weights, downloaded once
network        the forward pass, made of
  stage          convolution, ReLU, normalisation, pooling
  fourier        the same convolution with a quarter of the multiplications
  response       local response normalisation
"""
