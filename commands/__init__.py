"""The commands, one per file: its flags, and below them what it does.

    download, verify, forget       folders of photos: fill one, check it, remove a person; MNIST's files
    features                       AlexNet's features of a folder, cached before a training
    train_faces, train_mnist       a folder of photos, or of digits, into a run folder
    enroll                         a person more or less in a run, without a training
    compare, export                runs on the same test photos; a run as one file for other programs
    predict                        a name for each face on new photos
    show_weights, report           the weights of a run as a picture, and the page of a run
    reproduce                      published experiments: their results beside ours

What several of them use:

    parser         the parser: help with every default and an example, wrong usage on one line
    arguments      types of the values of flags
    flags          flags that several commands have
    folders        the folder of photos: as given, downloaded from a URL, or the portraits
    list_file      the file of a list, or a copy of what comes through a pipe
    console        results on stdout, log and progress on stderr
    stopping       what is said on Ctrl-C: how far the command came, and the command that goes on
    summary        the results of a download, as lines
    training       what the two trainings share
    interrupts     Ctrl-C and TERM
    streams        closed streams, encodings
    torchrun       several processes that train together

A command parses, calls and prints: no mathematics, no HTTP, no drawing. It imports the packages it calls inside its
own function, so that `--help` and a download start without torch. A further command is a file with `add_to`, which adds
its flags, and a line in `cli.py`.
"""
