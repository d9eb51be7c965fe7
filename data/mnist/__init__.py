"""The four files of MNIST: found, downloaded, read.

files      their names, sizes and digests; their content as arrays
names      the names that people have them under
idx        one file of the IDX format -> an array
download   the files fetched, verified and stored
mirrors    the servers that they are fetched from
gzipped    read a file that may be compressed, within a limit
"""

from data.mnist.download import download_mnist
from data.mnist.files import CLASSES, FILES, SIDE, Mnist, MnistFile, load_mnist

__all__ = ["CLASSES", "FILES", "SIDE", "Mnist", "MnistFile", "download_mnist", "load_mnist"]
