"""The style of a report's page: colours for light and dark, and what changes on a narrow screen."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --faint: #8a8a8a; --grid: #e6e6e6; --line: #d8dee4;
  --panel: #f6f8fa; --bid: #0072b2; --ask: #d55e00; --venue0: #009e73; --venue1: #b0568c; --venue2: #b87a00;
  --venue3: #2a8fc4; --good: #00704f; --bad: #b34700; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181d; --ink: #e4e7eb; --soft: #a3abb5; --faint: #7d858f;
  --grid: #2b3038; --line: #343a43; --panel: #1c2027; --bid: #4fb0ea; --ask: #ff9248; --venue0: #33c997;
  --venue1: #e08fc0; --venue2: #f0b23e; --venue3: #7cc8f2; --good: #4fd6a6; --bad: #ff9248; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 var(--sans); }
main { max-width: 1080px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 19px; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 18px 0 4px; }
p { margin: 0 0 10px; color: var(--soft); max-width: 75ch; }
section { margin-top: 36px; padding-top: 18px; border-top: 1px solid var(--line); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px; margin-top: 18px; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.tile span, .tile small { color: var(--soft); font-size: 13px; }
.tile span { display: block; }
.tile strong { font-size: 20px; font-variant-numeric: tabular-nums; margin-right: 5px; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.table { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 18px 4px 0; white-space: nowrap; vertical-align: top; }
th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
td { border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--paper); }
.l { text-align: left; }
.r { text-align: right; }
svg { display: block; width: 100%; height: auto; margin: 10px 0; }
svg text { fill: var(--ink); }
.narrow { display: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 8px 24px; }
details { margin-top: 14px; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow: auto; max-height: 480px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px; font-size: 13px; line-height: 1.4; }
ul { margin: 6px 0; padding-left: 20px; }
li { overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 18px 14px 48px; }
  h1 { font-size: 21px; }
  .wide { display: none; }
  .narrow { display: block; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  section { margin-top: 26px; }
}
@media print { section { break-inside: avoid; } details { display: none; } }
"""
"""Sans-serif from the reader's own machine; blue is the bid and orange the ask, as in pictures."""
