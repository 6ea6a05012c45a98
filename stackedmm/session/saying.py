"""What a session may be told: pause, kill, switch a side, tune a rule, change the configuration."""

from collections.abc import Mapping

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.engine.host import Host
from stackedmm.engine.host.clock import Clock
from stackedmm.errors import ConfigError, RuleError
from stackedmm.session import places, words
from stackedmm.session.life import Life
from stackedmm.session.revisions import Revisions, Verdict, edited, verdicts
from stackedmm.session.sheet import Sheet
from stackedmm.session.words import Said, Slot


class Verdicts(Sheet):
    """What became of an edit, field by field; true where all of it is, or would be, in force."""

    def __init__(self, title: str, found: list[Verdict], notes: tuple[str, ...] = ()) -> None:
        self.verdicts = tuple(found)
        rows = [(each.path, each.old, each.new, each.verdict, each.why) for each in found]
        super().__init__(title, ("setting", "was", "is", "verdict", "why"), rows, left=range(5), notes=notes)

    def __bool__(self) -> bool:
        return all(each.verdict != "refused" for each in self.verdicts)


class Saying(Life):
    """A session that listens. Every word is bounded, numbered and logged with its speaker."""

    def __init__(
        self, host: Host, *, name: str, mode: str, clock: Clock | None = None, values: Mapping[str, float] | None = None
    ) -> None:
        super().__init__(host, name=name, mode=mode, clock=clock)
        self.values: dict[str, float] = dict(values or {})
        """Of parameters by `rule.param`, where they are not the files' defaults: kept over reloads."""
        self._revisions = Revisions(host.config, self.who)

    # Everything at once.

    def pause(self, venue: str | None = None) -> None:
        """Take every quote out, of one venue or of all, until `resume`."""
        self._say(words.control("pause") if venue is None else words.venue(self._market(venue), venue, False))

    def resume(self, venue: str | None = None) -> None:
        """Quote again after `pause`. It does not undo a kill."""
        self._say(words.control("resume") if venue is None else words.venue(self._market(venue), venue, True))

    def _market(self, venue: str) -> int:
        return places.market_of(self.config, self.filled, venue)

    def kill(self) -> None:
        """Cancel everything and quote nothing, until a person says `revive`."""
        self._say(words.control("kill"))

    def revive(self) -> None:
        """Undo a kill, or a tripped loss limit."""
        self._say(words.control("revive"))

    def control(self, name: str) -> None:
        """`pause`, `resume`, `kill` or `revive`."""
        self._say(words.control(name))

    def side(self, line: str, side: str, on: bool) -> None:
        """Switch one side, `bid` or `ask`, of a line on or off."""
        self._say(words.side(self.filled, line, side, on))

    def _say(self, said: Said) -> None:
        with self.lock:
            self.say(said.rows, said.text)

    # Rules' parameters.

    @property
    def slots(self) -> dict[str, Slot]:
        """Every parameter of the rules in force by `rule.param`, with its bounds and its place in the engine."""
        params = self.rules.params if self.rules is not None else {}
        return words.slots(self.host.armament.names, params)

    def tune(self, rule: str, value: float | None = None, **params: float) -> Sheet:
        """Set parameters of a rule, within their bounds, from the next step on.

        `tune("lean", strength=12)`, or `tune("lean.strength", 12)`. RuleError where there is none of that name.
        """
        if value is not None:
            params = {**params, "": value}
        if not params:
            raise RuleError(f"tune({rule!r}): give a parameter and its value, such as strength=12")
        rows = []
        for param, number in params.items():
            name, kept, before = self._tune(f"{rule}.{param}".rstrip("."), number)
            slot = self.slots[name].param
            note = "" if kept == number else f"clamped to {slot.low:g} … {slot.high:g}"
            rows.append((name, f"{before:g}", f"{kept:g}", slot.unit, note))
        return Sheet("", ("parameter", "was", "is", "unit", ""), rows, left=1)

    def _tune(self, name: str, value: float) -> tuple[str, float, float]:
        with self.lock:
            slots = self.slots
            if name not in slots:
                own = [each for each in slots if each.startswith(f"{name}.")]
                name = own[0] if len(own) == 1 else name
            said, kept = words.tune(slots, name, value)
            before = self.values.get(name, slots[name].param.default)
            self.values[name] = kept
            self.say(said.rows, said.text)
        return name, kept, before

    # The configuration.

    def configure(
        self,
        path: str | Mapping[str, object] | None = None,
        value: object = None,
        *,
        preview: bool = False,
        base: int | None = None,
        **fields: object,
    ) -> Verdicts:
        """Change settings while it runs: all of the edit at the next step, or nothing of it.

        `configure("tob_lines[tob-1].spread_bps", 40)`, `configure({path: value, ...})`, `configure(max_coefficient=4)`.
        With `preview` nothing changes and the verdicts say what would. With `base` the edit is refused where somebody
        else was quicker: it must be the number of the revision in force. ConfigError for an edit that is not valid.
        """
        given = {**(path if isinstance(path, Mapping) else {path: value} if path is not None else {}), **fields}
        with self.lock:
            self._check_base(base)
            return self._put(edited(self.config, given), given, preview=preview)

    def _put(self, new: StackedMarketMakingConfig, given: Mapping[str, object], *, preview: bool) -> Verdicts:
        word = "would apply" if preview else "applied"
        found = verdicts(self.config, new, given, word)
        number = self._revisions.last.number
        if any(each.verdict == "refused" for each in found):
            kept = [each._replace(verdict="not applied") if each.verdict == word else each for each in found]
            return Verdicts(f"revision {number} stays: all of an edit is applied, or nothing", kept)
        if preview or not any(each.verdict == "applied" for each in found):
            return Verdicts(f"revision {number} stays", found)
        try:
            self.heard(self.host.reconfigure(new, who=self.who))
        except ConfigError as error:
            refused = [each._replace(verdict="refused", why=str(error).rpartition(": ")[2]) for each in found]
            return Verdicts(f"revision {number} stays", refused)
        made = self._revisions.enter(new, self.who)
        return Verdicts(f"revision {made.number} in force", found)

    def _check_base(self, base: int | None) -> None:
        last = self._revisions.last
        if base is not None and base != last.number:
            raise ConfigError(f"base: found {base}, expected {last.number}, which {last.who} made; look at it first")

    def revert(self, number: int) -> Verdicts:
        """Put an earlier configuration in force again, as a new revision."""
        with self.lock:
            return self._put(self._revisions[number].config, {}, preview=False)

    @property
    def revision(self) -> int:
        """Number of the configuration in force."""
        return self._revisions.last.number

    @property
    def revisions(self) -> Sheet:
        """Every configuration that was in force, and what each changed."""
        rows = [
            (
                each.number,
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                each.who,
                "; ".join(f"{c.path}: {c.old} → {c.new}" for c in each.changes) or "start",
            )
            for each in self._revisions.all
        ]
        return Sheet("Configurations", ("revision", "at (UTC)", "by", "changes"), rows, left=4)
