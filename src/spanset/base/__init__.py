"""What every other room stands on; nothing here knows of data sets or models.

errors       what, where, why and what to do: the only errors that users see
array_types  names of the arrays that go from room to room
unit_rows    rows of a matrix at length one, and as the kernel sees them
cosines      of many rows with many others, rounded so that ties are ties
blocks       rows a block at a time, on all processors; workers: how many there are
processes    work of Python's own, likewise
sorted_places    where numbers stand among ascending ones
kept_files   arrays kept on disk for the next call
file_digest  what tells that a file is the same
alike_numbers    numbers of one kind, written alike
short_names  names of files that are short and still tell them apart
stages       stages of a run, shown while they run, and timed
devices      where things are computed; transfers: arrays there and back, without waiting
replayed_work    many small steps there, launched as one
memory       what fits, and what was used
speed        how fast this machine multiplies
findable     names of files that hold in another process
disk_space   room on a disk, taken before it is needed; scratch_files: what memory does not hold
lazy_rows    rows as the kernel sees them, made when they are asked for
ray_cluster  a Ray cluster, joined for a while; ray_actors, ray_tasks: what computes there
extras       packages that are there only where they were asked for
data_frames  tables for pandas
views        how results look in notebooks, told from above
software     versions that the bytes of a result depend on
version      our own
"""
