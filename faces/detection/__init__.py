"""Faces in whole photos.

centerface_file   the weights of CenterFace, checked and read
centerface        the network: pixels -> probabilities, boxes and points
detector          a photo -> faces, each with its box and five points
landmarks         where the face lies in each photo of a folder of crops
likeness          of several faces in a photo, the one that is like the person's other photos
crops             whole photos searched, crops written
found_folder      the folder of crops: its place, record and table, and what is removed
found             what is said of it
folder            a folder of whole photos -> a folder of crops of faces
extra             whether the packages are there that faces are found with
"""
