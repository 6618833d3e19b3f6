"""When things are looked at: the only home of APScheduler. It calls the flow; what is due for an
incident, a run or a page lives in the store instead."""
