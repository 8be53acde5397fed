"""The named SQL of an import's way, from submit to its last outcome."""

from pathlib import Path

import aiosql

queries = aiosql.from_path(Path(__file__).parent / "sql" / "flow", "asyncpg")
