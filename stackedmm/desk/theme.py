"""Colours of the desk, declared once: for the style sheet, for the charts, and for both themes.

One colour has one meaning. Buying is blue and selling orange, which every kind of colour vision tells apart.
"""

from typing import Final

DARK: Final[dict[str, str]] = {
    "bg": "#0a0d12",
    "panel": "#10151c",
    "raised": "#171e27",
    "track": "#1f2935",
    "line": "#232d39",
    "grid": "#1b232d",
    "text": "#dbe3ec",
    "muted": "#8b99a9",
    "bid": "#5aa9ff",
    "ask": "#ff9d3d",
    "good": "#35c48d",
    "bad": "#ff7082",
    "warn": "#f2c94c",
    "signal": "#c3cfdd",
    "band": "#2a3a4d",
    "kill": "#c62f45",
    "shade": "rgba(0,0,0,.6)",
    "venue0": "#2cb5a0",
    "venue1": "#a78bfa",
    "venue2": "#ec7fb0",
    "venue3": "#9ccc52",
    "venue4": "#cbb27a",
    "venue5": "#7c93b2",
}
LIGHT: Final[dict[str, str]] = {
    "bg": "#eef1f5",
    "panel": "#ffffff",
    "raised": "#f4f6f9",
    "track": "#e3e8ee",
    "line": "#d3dae2",
    "grid": "#e8ecf1",
    "text": "#18222d",
    "muted": "#5a6877",
    "bid": "#1264c4",
    "ask": "#a85400",
    "good": "#0a7a52",
    "bad": "#c1263d",
    "warn": "#8a6200",
    "signal": "#3d4c5c",
    "band": "#cfdbe8",
    "kill": "#c62f45",
    "shade": "rgba(24,34,45,.45)",
    "venue0": "#0e8c7b",
    "venue1": "#7250d4",
    "venue2": "#c23c7f",
    "venue3": "#588712",
    "venue4": "#8d722f",
    "venue5": "#52678a",
}
THEMES: Final = {"dark": DARK, "light": LIGHT}
VENUE_HUES: Final = 6


def css() -> str:
    """Every colour as a custom property, by theme."""
    blocks = []
    for name, colours in THEMES.items():
        inside = "".join(f"--{word}:{colour};" for word, colour in colours.items())
        blocks.append(f':root[data-theme="{name}"]{{color-scheme:{name};{inside}}}')
    return "\n".join(blocks)


def venue(index: int) -> str:
    """The name of a venue's colour: its own as long as there are enough."""
    return f"venue{index % VENUE_HUES}"
