"""The same download by many machines: `download --engine ray`, with the same flags and the same files as a result.

A list is split into partitions, all rows of a host in one. A worker of a Ray cluster downloads a partition with
`data.download.download_rows`; the driver, the process of the command, records the outcomes in the journal.

    engine             splits the list, gives partitions to workers, collects results    (driver)
    rows               the rows of a partition as a Parquet file
    worker             downloads one partition
    partition_result   what a worker returns
    places             the two destinations: a folder that all machines share, or a URL
    storage, shards    files at a URL, and the Parquet files that hold crops there
    lists              the lists that a URL was filled from
    download, unpack   the whole download; from a URL back to a folder on this machine
    locate, connection find a cluster; join or start one

Neither Ray nor pyarrow is imported unless a cluster or a URL is used.
"""
