"""The desk: a market traded in paper mode on a thread of its own, and the page that shows it in a browser."""
