"""Photos on disk: which there are, which part each is for, how one is opened and cut.

folder         DIR/<person>/<photo> -> people and photos
split          photos -> training, validation, test
kinds          the kind of file that bytes are, and whether it can be decoded here
bare, bare_jpeg   a file -> its first picture, without all that is none
levels         grey of more than 8 bits -> grey of 8
decoding       bytes -> an open picture, or the reason why not
landmarks      five points of a face
alignment      a face turned and scaled so that they lie in the same places in every picture
placed         where a face lies in a picture, and how a crop's file keeps that
cutting        parts of a photo, stored or upright, resized
images         the photos of a folder as one array
crop_batches   the photos of a folder batch by batch, opened on all cores
photo_files    the photos that a command is given: files, folders, lists of names
box_table      a CSV of boxes, the faces in photos
augmentation   random small changes to batches of images (the only module here that needs torch)
"""

from data.photos.box_table import BoxTable
from data.photos.cutting import Mode, Region, crop, find_regions, open_regions
from data.photos.decoding import flat, quiet_decoding
from data.photos.folder import Folder, Photo, read_folder
from data.photos.images import FILTER, load_images, load_photo, open_photo, read_photo
from data.photos.kinds import can_decode, kind_of
from data.photos.photo_files import PhotoFiles
from data.photos.split import Split, split

__all__ = [
    "FILTER",
    "BoxTable",
    "Folder",
    "Mode",
    "Photo",
    "PhotoFiles",
    "Region",
    "Split",
    "can_decode",
    "crop",
    "find_regions",
    "flat",
    "kind_of",
    "load_images",
    "load_photo",
    "open_photo",
    "open_regions",
    "quiet_decoding",
    "read_folder",
    "read_photo",
    "split",
]
