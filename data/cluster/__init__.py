"""A download by many machines: the engine of `download --engine ray`, under the same commands and to the same files.

    list -> rows that are open, in files of rows, all rows of a host in one         `rows`, by the driver
         -> each file worked through by `data.download.work_through`, its own       `engine`, `worker`: Ray gives a file
            journal beside it                                                       to a process, again if that is lost
         -> outcomes into the journal of the whole                                  `places`, by the driver

What is downloaded goes into a folder that all machines share, or packed to a URL (`storage`, `shards`; `unpack` makes a
folder of it again). `locate` finds a cluster, `connection` joins or starts one and keeps it quiet. `left_over` takes
over what a killed run had done; it needs neither Ray nor pyarrow, nor is either imported unless a cluster or a URL is
asked for.
"""
