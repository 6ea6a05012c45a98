"""Rules: small pure functions in a folder of files, checked, proved and compiled while the engine runs.

A file uses `Param` and `rule`; `load` turns a folder of files into a `RuleSet`, or says with file and line why not.
"""

from stackedmm.rules.folder import Outcome, check, examine, inspect, load, rebuild
from stackedmm.rules.refusal import Refusal
from stackedmm.rules.ruleset import LoadedRule, RuleSet, Values
from stackedmm.rules.verbs import Param, Rule, Scope, rule
from stackedmm.rules.view import View

__all__ = [
    "LoadedRule",
    "Outcome",
    "Param",
    "Refusal",
    "Rule",
    "RuleSet",
    "Scope",
    "Values",
    "View",
    "check",
    "examine",
    "inspect",
    "load",
    "rebuild",
    "rule",
]
