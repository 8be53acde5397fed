"""The brake: keeps a consumer from emptying a topic into the dead letters (docs/decisions/0007-brakes.md)."""

BURST = 20_000  # unreadable records in a row of bad batches that pass at full speed
STOP_SECONDS = 60.0  # how long the consumer then stops before it tries one more batch
_SMALL = 50  # batches with fewer unreadable records prove nothing


class Brake:
    """Counts unreadable records over batches that are mostly unreadable. A mostly readable batch lets it go."""

    def __init__(self, burst: int = BURST, stop_seconds: float = STOP_SECONDS) -> None:
        self._burst = burst
        self._stop_seconds = stop_seconds
        self.unreadable = 0
        self.pulled = False

    def pause_after(self, size: int, unreadable: int) -> float:
        """Seconds to stop after a batch of this size; 0.0 to go on."""
        if unreadable * 2 > size:
            self.unreadable += unreadable
        elif size >= _SMALL or not unreadable:
            self.unreadable = 0
        self.pulled = self.unreadable >= self._burst
        return self._stop_seconds if self.pulled else 0.0
