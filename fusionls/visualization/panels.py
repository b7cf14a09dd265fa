"""A picture of a scene: what each sensor saw, the truth, and what was predicted.

Flow: stack, probability map, inventory -> [here] -> PNG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fusionls.errors import LayerUnknownError, nearest_names
from fusionls.geo.raster import FloatArray
from fusionls.geo.vector_io import read_polygons
from fusionls.inventory.schema import LAYER
from fusionls.quantities import Kind
from fusionls.stack.layer_stack import UNMAPPED, LayerStack
from fusionls.visualization.drawing import (
    NO_DATA,
    PREDICTION,
    RGB,
    STRETCH,
    TRUTH,
    limits,
    png_path,
    save_png,
    stretched,
    with_opacity,
)
from fusionls.visualization.preview import (
    block_side,
    label_preview,
    layer_previews,
    preview_sides,
    probability_preview,
)

MAX_SIDE = 1000  # pixels of a panel's longer side
DPI = 200
HILLSHADES = ('lidar_hillshade', 'terrain_hillshade')

Extent = tuple[float, float, float, float]  # left, right, bottom, top: metres from the corner


def draw_panels(
    stack: LayerStack,
    out: str | Path,
    *,
    probability: str | Path | None = None,
    inventory: str | Path | geopandas.GeoDataFrame | None = None,
    panels: Sequence[str] | None = None,
    columns: int = 3,
    max_side: int = MAX_SIDE,
    title: str | None = None,
) -> Path:
    """Draw a scene panel by panel into a PNG.

    Args:
        stack: The scene; its name, with 'simulated' where it is, stands over the picture.
        out: ``.png`` to write.
        probability: Map of the scene.
        inventory: Landslides predicted: a file or a frame, in any CRS.
        panels: What to draw, in order: ``optical``, ``hillshade``, ``velocity``, ``truth``,
            ``probability``, ``prediction``, or the name of any layer of the stack. All of the
            former that there are by default, and ``thermal_inertia`` where the stack has it.
        columns: Panels side by side.
        max_side: Pixels of a panel's longer side; larger scenes are averaged down to it, so
            memory does not grow with the scene.
        title: Another heading than the scene's name.

    Returns:
        ``out``.

    Raises:
        InputError: ``out`` is no PNG.
        LayerUnknownError: A panel cannot be drawn, because the scene has nothing to show in it.
        OutputError: Writing failed.
    """
    out = png_path(out)
    painter = _Painter(stack, probability, inventory, max_side)
    names = painter.available() if panels is None else list(panels)
    painter.check(names)
    painter.read(names)

    grid = stack.grid
    columns = min(columns, len(names))
    rows = math.ceil(len(names) / columns)
    longer = max(grid.shape)
    width, height = (max_side / DPI * length / longer for length in (grid.cols, grid.rows))
    # room for titles and colour bars
    size = (max(columns * (width + 0.9), 3.0), max(rows * (height + 0.4) + 0.5, 2.0))
    figure = Figure(figsize=size, dpi=DPI, layout='constrained')
    heading = title or stack.name
    for index, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, index + 1)
        painter.draw(axes, name)
        if index == 0:
            _scale_bar(axes, painter.extent[1])
    return save_png(figure, out, f'{heading} (simulated)' if stack.simulated else heading)


class _Painter:
    """Knows which panels a scene has, reads what they need once, and draws them."""

    def __init__(
        self,
        stack: LayerStack,
        probability: str | Path | None,
        inventory: str | Path | geopandas.GeoDataFrame | None,
        max_side: int,
    ) -> None:
        self.stack = stack
        self.probability = probability
        self.inventory = inventory
        self.max_side = max_side
        self.layers = [layer for m in stack.modalities.values() for layer in m.layers]
        side = stack.grid.pixel
        self.extent: Extent = (0.0, stack.grid.cols * side, -stack.grid.rows * side, 0.0)

    def available(self) -> list[str]:
        has = {
            'optical': bool(self._optical()),
            'hillshade': self._hillshade() is not None,
            'velocity': self._velocity() is not None,
            'thermal_inertia': 'thermal_inertia' in self.layers,
            'truth': self.stack.has_labels,
            'probability': self.probability is not None,
            'prediction': self.inventory is not None,
        }
        return [name for name, there in has.items() if there] or self.layers[:1]

    def check(self, names: Sequence[str]) -> None:
        possible = {*self.available(), *self.layers}
        wrong = [name for name in names if name not in possible]
        if wrong or not names:
            raise LayerUnknownError(
                f'{self.stack.name}: no panel {", ".join(map(repr, wrong)) or "was named"}; '
                f'{nearest_names(wrong[0] if wrong else "", possible)}'
            )

    def read(self, names: Sequence[str]) -> None:
        """Read, small, every layer that the panels need, in one pass."""
        wanted: set[str] = {name for name in names if name in self.layers}
        if 'optical' in names:
            wanted.update(self._optical())
        velocity, hillshade = self._velocity(), self._hillshade()
        if 'velocity' in names and velocity is not None:
            wanted.add(velocity)
        if {'hillshade', 'truth', 'prediction'} & set(names):
            wanted.update([hillshade] if hillshade is not None else self._optical())
        self._previews = layer_previews(self.stack, sorted(wanted), self.max_side)
        self._labels = label_preview(self.stack, self.max_side) if self.stack.has_labels else None

    def draw(self, axes: Axes, name: str) -> None:
        axes.set_facecolor(NO_DATA)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(name.replace('_', ' '), fontsize=9)
        painters = {
            'optical': self._draw_optical,
            'hillshade': self._draw_ground,
            'velocity': self._draw_velocity,
            'truth': self._draw_truth,
            'probability': self._draw_probability,
            'prediction': self._draw_prediction,
        }
        if name in painters:
            painters[name](axes)
        else:
            self._draw_layer(axes, name)
        axes.set_xlim(self.extent[:2])
        axes.set_ylim(self.extent[2:])

    def _optical(self) -> list[str]:
        if all(layer in self.layers for layer in RGB):
            return list(RGB)
        return [layer for layer in self.layers if layer.startswith('optical_')][:1]

    def _hillshade(self) -> str | None:
        # LiDAR shows more where it covers the scene, terrain covers more where it does not
        shares = {
            name: record.valid_share for name, record in self.stack.manifest.modalities.items()
        }
        for layer in HILLSHADES:
            if layer in self.layers and shares[self._modality(layer)] > 0.9:
                return layer
        return next((layer for layer in reversed(HILLSHADES) if layer in self.layers), None)

    def _velocity(self) -> str | None:
        return next((name for name in self.layers if name.startswith('insar_velocity')), None)

    def _modality(self, layer: str) -> str:
        return next(name for name, m in self.stack.modalities.items() if layer in m.layers)

    def _extent_of(self, layer: str) -> Extent:
        """Where a preview lies: its last blocks may reach beyond the scene."""
        name = self._modality(layer)
        pixel = self.stack.modalities[name].grid.pixel
        block = preview_sides(self.stack, self.max_side)[name] * pixel
        rows, cols = self._previews[layer].shape
        return (0.0, cols * block, -rows * block, 0.0)

    def _show(self, axes: Axes, image: FloatArray, extent: Extent, **options: Any) -> Any:
        return axes.imshow(image, extent=extent, interpolation='nearest', **options)

    def _draw_optical(self, axes: Axes) -> None:
        layers = self._optical()
        bands = [stretched(self._previews[layer]) for layer in layers]
        if len(bands) == 1:
            axes.set_title(layers[0].replace('_', ' '), fontsize=9)
            self._show(axes, bands[0], self._extent_of(layers[0]), cmap='gray', vmin=0, vmax=1)
            return
        colour = np.stack(bands, axis=-1)  # (h, w, 3)
        self._show(axes, with_opacity(colour), self._extent_of(layers[0]))

    def _draw_ground(self, axes: Axes) -> None:
        layer = self._hillshade()
        if layer is not None:
            self._draw_lit(axes, layer)
        elif self._optical():
            self._draw_optical(axes)

    def _draw_lit(self, axes: Axes, layer: str) -> None:
        low, high = limits(self._previews[layer])
        self._show(
            axes, self._previews[layer], self._extent_of(layer), cmap='gray', vmin=low, vmax=high
        )

    def _draw_velocity(self, axes: Axes) -> None:
        layer = self._velocity() or ''
        millimetres = self._previews[layer] * 1000  # of m/yr
        finite = np.abs(millimetres[np.isfinite(millimetres)])
        limit = float(np.percentile(finite, STRETCH[1])) if finite.size else 1.0
        image = self._show(
            axes,
            millimetres,
            self._extent_of(layer),
            cmap='RdBu',
            vmin=-(limit or 1.0),
            vmax=limit or 1.0,
        )
        axes.set_title('LOS velocity, toward the satellite positive', fontsize=9)
        _colour_bar(axes, image, 'mm/yr')

    def _draw_layer(self, axes: Axes, layer: str) -> None:
        quantity = self.stack.modalities[self._modality(layer)].quantities[layer]
        if quantity.kind is Kind.LIT:
            self._draw_lit(axes, layer)
            return
        low, high = limits(self._previews[layer])
        colours = 'inferno' if layer.startswith('thermal') else 'viridis'
        image = self._show(
            axes, self._previews[layer], self._extent_of(layer), cmap=colours, vmin=low, vmax=high
        )
        _colour_bar(axes, image, quantity.unit.replace('_', ' '))

    def _draw_probability(self, axes: Axes) -> None:
        if self.probability is None:
            return
        image = self._show(
            axes,
            probability_preview(self.probability, self.max_side),
            self.extent,
            cmap='magma',
            vmin=0,
            vmax=1,
        )
        axes.set_title('landslide probability', fontsize=9)
        _colour_bar(axes, image, '')

    def _draw_truth(self, axes: Axes) -> None:
        self._draw_ground(axes)
        self._outline_truth(axes)

    def _draw_prediction(self, axes: Axes) -> None:
        self._draw_ground(axes)
        self._outline_truth(axes)
        frame = self.inventory
        if not isinstance(frame, geopandas.GeoDataFrame):
            layer = LAYER if Path(str(frame)).suffix.lower() == '.gpkg' else None
            frame = read_polygons(Path(str(frame)), layer=layer)
        grid = self.stack.grid
        shown = block_side(grid.shape, self.max_side) * grid.pixel_width  # CRS units a block
        geometries = frame.to_crs(grid.crs).geometry.simplify(shown / 2)
        metres = grid.metres_per_unit
        lines = [
            (shapely.get_coordinates(ring) - (grid.west, grid.north)) * metres
            for ring in shapely.get_rings(shapely.get_parts(geometries.to_numpy()))
        ]
        axes.add_collection(LineCollection(lines, colors=PREDICTION, linewidths=1.0))
        handles = [Line2D([], [], color=PREDICTION, label=f'predicted ({len(frame)})')]
        if self._labels is not None:
            handles.append(Line2D([], [], color=TRUTH, label='truth'))
        axes.legend(handles=handles, fontsize=6, loc='lower right', framealpha=0.8)

    def _outline_truth(self, axes: Axes) -> None:
        if self._labels is None:
            return
        block = block_side(self.stack.grid.shape, self.max_side) * self.stack.grid.pixel
        # one empty block around, so that outlines close at the edge of the scene
        labels = np.pad(self._labels, 1)
        rows, cols = (np.arange(length) - 0.5 for length in labels.shape)
        unmapped = np.where(labels == UNMAPPED, 1.0, np.nan)
        height, width = (length * block for length in labels.shape)
        around = (-block, width - block, block - height, block)
        self._show(axes, unmapped, around, cmap='gray', vmin=0, vmax=1.5, alpha=0.5)
        if (labels == 1).any():
            axes.contour(
                cols * block, -rows * block, labels == 1, [0.5], colors=TRUTH, linewidths=1.0
            )


def _colour_bar(axes: Axes, image: Any, label: str) -> None:
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.75, pad=0.01, aspect=25)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(label, fontsize=7)


def _scale_bar(axes: Axes, width: float) -> None:
    """Draw a bar of a round length, about a quarter of the panel's width (metres)."""
    power = 10 ** math.floor(math.log10(width / 4))
    length = max(step * power for step in (1, 2, 5) if step * power <= width / 4)
    bottom, top = axes.get_ylim()
    left, height = 0.05 * width, bottom + 0.05 * (top - bottom)
    for colour, thickness in (('white', 4), ('black', 2)):
        axes.plot([left, left + length], [height] * 2, color=colour, linewidth=thickness)
    label = f'{length / 1000:g} km' if length >= 1000 else f'{length:g} m'
    axes.annotate(
        label,
        (left + length / 2, height),
        xytext=(0, 4),
        textcoords='offset points',
        ha='center',
        fontsize=7,
        bbox={'facecolor': 'white', 'alpha': 0.7, 'edgecolor': 'none', 'pad': 0.8},
    )
