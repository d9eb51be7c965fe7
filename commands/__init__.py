"""What a person can ask for, one command per file: its flags, and right under them what it does.

    download, verify, forget       folders of photos: fill one, check it, take a person out; MNIST's files
    features                       AlexNet's features of a folder, ahead of a training
    train_faces, train_mnist       a folder of photos, or of digits, into a run folder
    predict                        a name for each face on new photos
    show_weights, report           what a run's network looks for, and the page of a run
    reproduce                      published experiments, reported beside measured

What several of them need:

    parser         the parser's own ways: help with every default and an example, wrong usage on one line
    arguments      what the text after a flag may be
    flags          flags that several commands have, and what they mean
    folders        where the photos are: a folder, a URL unpacked, the portraits
    console        results on stdout, log and progress on stderr
    summary        what came of the rows of a download, as lines
    training       what the two trainings have alike
    torchrun       the processes that train together

A command parses, calls and prints: no mathematics, no HTTP, no drawing. It imports the rooms it calls inside its own
function, so that `--help` and a download start without torch. A further command is a file with `add_to`, which adds its
flags, and a line in `cli.py`.
"""
