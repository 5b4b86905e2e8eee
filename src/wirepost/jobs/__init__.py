"""Work that outlives the call that started it: kept, followed, its results copied."""
