"""Faces in whole photos.

centerface_file   the weights of CenterFace, checked and read
centerface        the network: pixels -> probabilities, boxes and points
detector          a photo -> faces, each with its box and five points
folder            a folder of whole photos -> a folder of crops of faces
"""
