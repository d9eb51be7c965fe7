"""Faces of photos without names, in groups of those that look alike.

finding      photos in, faces out: box, points, crop, features and sharpness of each
sharpness    how sharp an aligned face is
clustering   features of faces -> the number of each face's group
"""
