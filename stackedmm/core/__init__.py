"""The engine's state, its rows and commands, and every formula; touches nothing outside itself."""
