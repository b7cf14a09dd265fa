"""The only place where polygon files are opened: read into a grid's CRS, write whole or not."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from fusionls.errors import CrsMissingError, FileMissingError, InputError
from fusionls.geo.raster_io import written_whole

SHAPEFILE_PARTS = frozenset({'.shx', '.dbf', '.prj', '.cpg', '.qix', '.sbn', '.sbx'})
"""Files that hold the index, attributes, CRS and encoding of a shapefile."""


def read_polygons(
    path: str | Path, crs: pyproj.CRS | None = None, layer: str | None = None
) -> geopandas.GeoDataFrame:
    """Read the polygons of a vector file.

    Args:
        path: GeoPackage, GeoJSON, Shapefile, GeoParquet or FlatGeobuf.
        crs: Transform to this CRS; as stored by default.
        layer: Name of the layer; the first by default.

    Returns:
        Valid, non-empty polygons and multipolygons with their attributes.

    Raises:
        FileMissingError: There is no such file.
        CrsMissingError: The file does not say where it is.
        InputError: It cannot be read, has no such layer, or holds other geometries than polygons.
    """
    frame = _read(path, crs, layer, 'polygons', ('Polygon', 'MultiPolygon'))
    frame = frame.set_geometry(_polygons_only(frame.geometry.make_valid()))
    return frame[~frame.geometry.is_empty]


def read_lines(
    path: str | Path, crs: pyproj.CRS | None = None, layer: str | None = None
) -> geopandas.GeoDataFrame:
    """Read the lines of a vector file: faults, streams, roads.

    Args:
        path: As for :func:`read_polygons`, as the rest.
        crs: Transform to this CRS; as stored by default.
        layer: Name of the layer; the first by default.

    Returns:
        Non-empty lines and multilines with their attributes.

    Raises:
        FileMissingError: There is no such file.
        CrsMissingError: The file does not say where it is.
        InputError: It cannot be read, has no such layer, or holds other geometries than lines.
    """
    return _read(path, crs, layer, 'lines', ('LineString', 'MultiLineString', 'LinearRing'))


def _read(
    path: str | Path,
    crs: pyproj.CRS | None,
    layer: str | None,
    what: str,
    allowed: tuple[str, ...],
) -> geopandas.GeoDataFrame:
    """Read geometries of some kinds; see :func:`read_polygons`."""
    path = Path(path)
    if not path.exists():
        raise FileMissingError(f'{path}: no such file; check the path and its spelling')
    try:
        if path.suffix in {'.parquet', '.geoparquet'}:
            frame = geopandas.read_parquet(path)
        else:
            frame = geopandas.read_file(path, layer=layer)
    except (DataSourceError, DataLayerError, OSError, ValueError) as error:
        raise InputError(
            f'{path}: cannot be read as {what} ({error}); expected GeoPackage, GeoJSON, '
            'Shapefile, GeoParquet or FlatGeobuf'
        ) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise InputError(f'{path}: holds a table without geometry; expected {what}')
    if frame.crs is None:
        raise CrsMissingError(
            f'{path}: has no CRS. Write it again with one: ogr2ogr -a_srs EPSG:<code> OUT IN.'
        )
    shapes = frame.geometry.values
    frame = frame[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    wrong = sorted(set(frame.geom_type) - set(allowed))
    if wrong:
        raise InputError(f'{path}: holds {", ".join(wrong)}; expected {what} only')
    if crs is not None:
        try:
            frame = frame.to_crs(crs)
        except pyproj.exceptions.ProjError as error:
            raise InputError(
                f'{path}: is in {frame.crs.name}, which cannot be related to {crs.name} ({error})'
            ) from error
    return frame


def with_sidecars(path: Path) -> list[Path]:
    """A vector file, and the files that belong to it (a shapefile's ``.dbf``, ``.prj``, ...)."""
    if path.suffix.lower() != '.shp':
        return [path]
    beside = (p for p in path.parent.iterdir() if p.stem == path.stem and p != path)
    return [path, *sorted(p for p in beside if p.suffix.lower() in SHAPEFILE_PARTS)]


def _polygons_only(shapes: geopandas.GeoSeries) -> geopandas.GeoSeries:
    """Drop the lines and points that mending a self-touching polygon leaves behind."""
    mixed = (shapes.geom_type == 'GeometryCollection').to_numpy()
    if mixed.any():
        mended = [
            shapely.union_all([part for part in shapely.get_parts(shape) if part.area > 0])
            for shape in shapes[mixed]
        ]
        shapes = shapes.copy()
        shapes[mixed] = geopandas.GeoSeries(mended, index=shapes.index[mixed], crs=shapes.crs)
    # mending may leave nothing but a line
    return shapes.where(shapely.area(shapes.values) > 0, shapely.Polygon())


def write_polygons(frame: geopandas.GeoDataFrame, path: str | Path, layer: str) -> None:
    """Write polygons as GeoPackage, GeoJSON or GeoParquet (by suffix), whole or not at all.

    Raises:
        OutputError: Writing failed.
    """
    path = Path(path)
    with written_whole(path) as beside:
        if path.suffix in {'.parquet', '.geoparquet'}:
            frame.to_parquet(beside, compression='zstd', write_covering_bbox=True)
        elif path.suffix in {'.geojson', '.json'}:
            # RFC 7946: longitude and latitude on WGS 84 only
            frame.to_crs(4326).to_file(beside, driver='GeoJSON')
        else:
            frame.to_file(beside, layer=layer, driver='GPKG', use_arrow=True)
