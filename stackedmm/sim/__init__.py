"""The simulated venue: matching at exchange time, queue position, latency, fees, faults; and generated markets."""
