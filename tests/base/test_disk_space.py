"""Room on a disk."""

from spanset.base.disk_space import free_bytes


def test_the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_disk(tmp_path):
    assert free_bytes(tmp_path / "a" / "b") > 0
