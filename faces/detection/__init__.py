"""Faces in whole photos.

cascade   OpenCV's cascade: a photo -> boxes
folder    a folder of whole photos -> a folder of crops of faces
"""
