"""Features on disk: made once, batch by batch, killed at any moment, read with numpy alone.

    store         the folder: its arrays and its manifest
    columns       what it has of rows beside their features
    status        what became of a row
    files         arrays written in place, the lock, the errors
    checks        what a store is refused for
    digests       rows found by the digests of their conversations
    survey        a look at all rows before anything is made
    batches       which rows are made together
    maker         what fills a store
    making        survey -> batches -> made, one after the other -> complete
    tasks         batches for others to make, who see no store
    ray_making    others: actors of a Ray cluster
    shards        a store made in parts by several processes
    parts         stores of the same settings searched together
    represented   what reading them gives
    keeping       what is there already, and what is still to be made
    user_cache    stores that nobody gave a place
    places        ``FOLDER``, or ``FOLDER:hidden``

This room knows of no kind of features.
"""
