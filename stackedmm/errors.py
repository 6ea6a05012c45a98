"""The five errors, named for what the reader has to do about them."""


class StackedmmError(Exception):
    """Base of the five; never raised itself."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the message says where, what was found and what is expected."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(StackedmmError):
    """Fix the file: a configuration, a market description or a recording is not usable as it stands."""


class RuleError(StackedmmError):
    """Fix the rule: a rule file was refused, and the rules in force stay."""


class VenueError(StackedmmError):
    """Retry or not, as the message says: a venue refused or did not answer."""


class StaleError(StackedmmError):
    """Wait: what was asked for is not known, or not known freshly enough."""


class JournalError(StackedmmError):
    """Stop: what happened could not be written down."""
