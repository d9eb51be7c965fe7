"""A heap of photos as groups of faces that look alike, and the names that people give them.

finding      photos in, faces out: box, points, crop, features and sharpness of each
sharpness    how sharp an aligned face is
clustering   features of faces -> the number of each face's group
values       what a face and a group are
schema       the file of the database
store        the database: each decision is a step in it before anything else happens, and can be undone
steps        the decisions: a name, a merge, a split, whom a face is not
files        the crops follow: a folder a person, as `train-faces` reads it
forget       a person leaves a folder of groups
heap         all of it for the command `group`
"""
