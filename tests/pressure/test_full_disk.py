"""A file store that cannot be written: who uploads is told, nothing is left half done, the rest goes on."""

import uuid

import httpx

from tests.pressure.four import Four
from tests.pressure.small_disk import SmallDisk
from tests.system.outside import Outside, people, table, until

FIVE_MEGABYTES = 5_000_000


def stored(disk: SmallDisk) -> list[str]:
    return sorted(str(file.relative_to(disk.files)) for file in disk.files.rglob("*") if file.is_file())


def upload(outside: Outside, experience: str, content: bytes) -> httpx.Response:
    return outside.http.post(
        f"/experiences/{experience}/imports", data={"type": "experience-learners"}, files={"file": ("a.csv", content)}
    )


def test_a_full_disk_refuses_uploads_leaves_nothing_behind_and_stops_nobody_else(
    four: Four, outside: Outside, disk: SmallDisk
) -> None:
    tag = f"f{uuid.uuid4().hex[:8]}"
    experience = outside.experience(f"Full disk {tag}")
    ready = outside.prepared(experience, table(people(200, tag)))
    before = stored(disk)
    disk.fill()
    try:
        for size in (100, FIVE_MEGABYTES, 3 * FIVE_MEGABYTES):  # in one piece, and in parts
            refused = upload(outside, experience, b"Email\n" + b"x" * size)
            assert (refused.status_code, refused.json()["code"]) == (503, "file_store.unavailable")
            assert "Try again" in refused.json()["detail"]
        impaired = four.services["intake"].impaired
        until(lambda: impaired() == ["file_store: FileStoreAwayError"], seconds=60, what="intake to tell")
        assert outside.run(ready["id"])["counts"]["created"] == 200
    finally:
        disk.free()
    assert [found["id"] for found in outside.http.get(f"/experiences/{experience}/imports").json()["items"]] == [
        ready["id"]
    ]
    assert stored(disk) == before
    until(lambda: impaired() == [], seconds=60, what="intake to be whole again")
    assert outside.prepared(experience, table(people(200, tag)))["counts"]["nothing"] == 200
