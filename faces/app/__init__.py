"""The page in the browser on which people name groups of faces. For this machine alone; needs the extra `.[app]`.

serving    the server: starts, stops, and prints the link
guard      who may ask: a token, the Host and the Origin of every request
routes     what is asked for: pages, crops, decisions
decisions  a decision as the page sends it
naming     the groups, the run whose suggestions are shown, a training
cards      what the page shows of the groups
crops      a crop as a browser shows it
following  the crops follow the decisions
training   `train-faces` as a process, with its progress
"""
