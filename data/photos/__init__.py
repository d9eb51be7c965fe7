"""Photos on disk: which there are, which part each is for, and how one is opened and cut.

folder         DIR/<person>/<photo> -> people and photos
split          photos -> training, validation, test
photo_files    the photos that a command is given: files, folders, lists of names
box_table      a CSV that says where the faces are
augmentation   random small changes to batches of images (the one module here that needs torch)
"""

from data.photos.folder import Folder, Photo, read_folder
from data.photos.split import Split, split

__all__ = ["Folder", "Photo", "Split", "read_folder", "split"]
