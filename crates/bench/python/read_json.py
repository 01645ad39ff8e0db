"""How long the Python SDK takes to read a history as standard JSON: read_json.py --file F --reps R

Prints the processor time of an event, at the median of so many times, as JSON.
"""

import json
import statistics
import sys
import time

from temporalio.client import WorkflowHistory


def main(file: str, times: int) -> None:
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    taken = []
    events = 0
    for _ in range(times):
        begun = time.process_time()
        history = WorkflowHistory.from_json("history", text)
        events = len(history.events)
        taken.append((time.process_time() - begun) * 1e6 / events)
    print(json.dumps({"events": events, "json_us": statistics.median(taken)}))


options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
main(options["--file"], int(options["--reps"]))
