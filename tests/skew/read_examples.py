"""Run with the last release's folder as PYTHONPATH: reads the example of each event in a folder, and prints, as JSON by
event, what that release would write of what it understood."""

import json
import sys
from pathlib import Path

import shared.events as events

here, folder = Path(sys.argv[1]), Path(sys.argv[2])
assert Path(events.__file__).is_relative_to(here), events.__file__
told = {}
for file in sorted(folder.glob("*.json")):
    event = events.Codec(getattr(events, file.stem)).decode(file.read_bytes())
    told[file.stem] = json.loads(events.encode(event))
print(json.dumps(told))
