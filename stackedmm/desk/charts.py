"""The charts: Bokeh figures over sources that the page itself streams into from the feed."""

from typing import Any, Final

from bokeh.models import (
    ColumnDataSource,
    CrosshairTool,
    CustomJSTickFormatter,
    DataRange1d,
    DatetimeTickFormatter,
    HoverTool,
    Range1d,
    Span,
)
from bokeh.plotting import figure

from stackedmm.config import StackedMarketMakingConfig
from stackedmm.desk import theme
from stackedmm.engine.host import sample

FONT: Final = "JetBrains Mono"
MINUTES: Final = 15
RIGHT: Final = 66
"""Pixels right of every chart, so that all time axes stand under each other."""


def charts(config: StackedMarketMakingConfig, markets: int, digits: int) -> dict[str, Any]:
    """Every figure by name; prices are written with `digits`.

    The page finds sources and ranges by their names, and colours models by their tags.
    """
    names = ["t", *sample.columns(markets)]
    # Two samples to begin with: a range cannot be found over nothing. The page replaces them before it is seen.
    points = ColumnDataSource({name: [0.0, 1.0] for name in names}, name="points")
    fills = [ColumnDataSource({"t": [], "price": [], "inventory": []}, name=name) for name in ("buys", "sells")]
    time = Range1d(0, MINUTES * 60_000, name="time")
    drawn = {
        "price": price(points, fills, time, digits),
        "inventory": inventory(config, points, fills, time),
        "coefficient": coefficient(points, time),
        "volume": volume(points, time, markets),
        "pnl": pnl(points, time),
    }
    for each in drawn.values():
        quiet(each)
    return drawn


def plain(name: str, time: Range1d, y: Any, digits: int | None, tip: str) -> Any:
    """An empty chart in the desk's look."""
    f = figure(
        name=f"{name}-chart",
        x_range=time,
        y_range=y,
        x_axis_type="datetime",
        y_axis_location="right",
        sizing_mode="stretch_both",
        min_height=60,
        toolbar_location=None,
        tools="",
        min_border_left=24,
        min_border_right=RIGHT,
        min_border_top=8,
        min_border_bottom=24,
        outline_line_color=None,
        background_fill_color=None,
        border_fill_color=None,
        lod_threshold=None,
        output_backend="canvas",
    )
    f.xaxis.formatter = DatetimeTickFormatter(
        seconds="%H:%M:%S", minsec="%H:%M:%S", minutes="%H:%M", hourmin="%H:%M", hours="%H:%M", days="%d %b"
    )
    f.xaxis.ticker.desired_num_ticks = 6
    f.yaxis.ticker.desired_num_ticks = 4
    if digits is not None:
        f.yaxis.formatter = CustomJSTickFormatter(code=f"return tick.toFixed({digits}).replace('-', '\\u2212')")
    for axis in (*f.xaxis, *f.yaxis):
        axis.major_label_text_font, axis.major_label_text_font_size = FONT, "11px"
        axis.axis_line_color = axis.minor_tick_line_color = axis.major_tick_line_color = None
        axis.major_label_standoff = 6
        axis.tags = [{"major_label_text_color": "muted"}]
    for grid in (*f.xgrid, *f.ygrid):
        grid.tags = [{"grid_line_color": "grid"}]
    cross = Span(dimension="height", line_dash="dotted", line_width=1, tags=[{"line_color": "muted"}])
    f.add_tools(CrosshairTool(overlay=cross), HoverTool(mode="vline", tooltips=tip, renderers=[], show_arrow=False))
    return f


def tip(*rows: tuple[str, str]) -> str:
    """What a chart says under the pointer: the time, then words and numbers."""
    cells = "".join(
        f"<tr><td style='opacity:.7;padding-right:10px'>{word}</td><td>{value}</td></tr>" for word, value in rows
    )
    return f"<table style='font:11px {FONT}'><tr><td colspan=2>@t{{%H:%M:%S}}</td></tr>{cells}</table>"


def hovers(f: Any, renderer: Any) -> None:
    """Let the chart speak about one of its lines."""
    tool = next(each for each in f.tools if isinstance(each, HoverTool))
    tool.renderers, tool.formatters = [renderer], {"@t": "datetime"}


def line(f: Any, points: ColumnDataSource, column: str, colour: str, width: float = 1.5, **look: Any) -> Any:
    """One series."""
    drawn = f.line("t", column, source=points, line_width=width, **look)
    drawn.glyph.tags = [{"line_color": colour}]
    drawn.nonselection_glyph = drawn.selection_glyph = drawn.muted_glyph = None
    return drawn


def marks(f: Any, fills: list[ColumnDataSource], column: str, diameter: int) -> None:
    """Fills: upward triangles where we bought, downward where we sold."""
    for source, marker, colour in zip(fills, ("triangle", "inverted_triangle"), ("bid", "ask"), strict=True):
        drawn = f.scatter("t", column, source=source, marker=marker, size=diameter, line_width=1)
        drawn.glyph.tags = [{"fill_color": colour, "line_color": "panel"}]
        drawn.nonselection_glyph = drawn.selection_glyph = drawn.muted_glyph = None


def level(f: Any, at: float, colour: str, dash: str = "dashed") -> None:
    """A horizontal line that does not move."""
    f.add_layout(Span(location=at, dimension="width", line_dash=dash, line_width=1, tags=[{"line_color": colour}]))


def price(points: ColumnDataSource, fills: list[ColumnDataSource], time: Range1d, digits: int) -> Any:
    """The reference, our best quotes around it, our fills."""
    said = tip(("reference", "@reference{0.00000}"), ("own bid", "@own_bid{0.0000}"), ("own ask", "@own_ask{0.0000}"))
    f = plain("price", time, DataRange1d(range_padding=0.08), digits, said)
    line(f, points, "own_bid", "bid", 1.2)
    line(f, points, "own_ask", "ask", 1.2)
    hovers(f, line(f, points, "reference", "text", 1.6))
    marks(f, fills, "price", 9)
    return f


def inventory(config: StackedMarketMakingConfig, points: Any, fills: list[ColumnDataSource], time: Range1d) -> Any:
    """Inventory inside its band, with the fills that moved it."""
    target, deviation = float(config.inventory.target_inventory), float(config.inventory.max_inventory_deviation)
    y = Range1d(target - 1.12 * deviation, target + 1.12 * deviation)
    f = plain("inventory", time, y, None, tip(("inventory", f"@inventory{{0,0.00}} {config.base_coin}")))
    level(f, target, "muted")
    level(f, target - deviation, "warn", "solid")
    level(f, target + deviation, "warn", "solid")
    hovers(f, line(f, points, "inventory", "text", 1.6, line_join="round"))
    marks(f, fills, "inventory", 7)
    return f


def coefficient(points: ColumnDataSource, time: Range1d) -> Any:
    """The inventory coefficient, -1 to 1."""
    f = plain("coefficient", time, Range1d(-1.08, 1.08), 1, tip(("coefficient", "@coefficient{+0.000}")))
    f.yaxis.ticker = [-1, -0.5, 0, 0.5, 1]
    area = f.varea("t", 0, "coefficient", source=points, fill_alpha=0.16)
    area.glyph.tags = [{"fill_color": "signal"}]
    level(f, 0, "muted")
    hovers(f, line(f, points, "coefficient", "signal", 1.5))
    return f


def volume(points: ColumnDataSource, time: Range1d, markets: int) -> Any:
    """Each venue's volume coefficient."""
    said = tip(*((f"{{venue{i}}}", f"@volume_{i}{{0.00}}×") for i in range(markets)))
    f = plain("volume", time, DataRange1d(start=0, range_padding=0.1), 1, said)
    level(f, 1, "muted")
    for i in range(markets):
        drawn = line(f, points, f"volume_{i}", theme.venue(i), 1.6)
        if i == 0:
            hovers(f, drawn)
    return f


def pnl(points: ColumnDataSource, time: Range1d) -> Any:
    """What trading made since the opening; under the pointer also all of it, the held target's price moves with it."""
    said = tip(("trading", "@trading{+0.00}"), ("with the held target", "@pnl{+0.00}"))
    f = plain("pnl", time, DataRange1d(range_padding=0.1, min_interval=1.0), None, said)
    level(f, 0, "muted")
    hovers(f, line(f, points, "trading", "good", 1.8))
    return f


def quiet(f: Any) -> None:
    """Nothing that the browser changes here goes back to the server."""
    for model in f.references():
        model.syncable = False
