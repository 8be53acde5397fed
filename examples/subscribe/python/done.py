"""What this subscriber has dealt with, by event id: a file with an id per line."""

from pathlib import Path


class Done:
    """Remembers events. In a real system this is a table, written in the transaction of whatever the event led to: then an
    event that comes twice, as any may, has its effect once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ids = set(file.read_text().split()) if file.exists() else set()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        """Remember it, also after a crash."""
        with self._file.open("a") as file:
            file.write(f"{event_id}\n")
        self._ids.add(event_id)
