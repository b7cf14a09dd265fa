"""README's way from delivered files to an inventory: its scene and its commands are run.

The ground is simulated; the files are of the products' own formats, units and grids.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import geopandas
import h5py
import laspy
import numpy as np
import pyproj
import pytest
import rasterio
import yaml
from affine import Affine
from rasterio.warp import Resampling, reproject

from fusionls.config import load_config
from fusionls.simulation.products import inventory
from fusionls.simulation.valley import make_valley
from fusionls.stack import LayerStack

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text()
SECTION = README.partition('## From your files to an inventory')[2].partition('\n## ')[0]
SCENE = yaml.safe_load(re.search(r'```yaml\n(.*?)```', SECTION, re.S)[1])
COMMANDS = re.search(r'```sh\n(.*?)```', SECTION, re.S)[1].replace('\\\n', ' ')


def source(modality):
    (found,) = SCENE['modalities'][modality]['sources']
    return found


def write_safe(valley, folder):
    """Counts of Level-2A, 1000 added, in JPEG 2000."""
    granule = folder / 'GRANULE' / 'L2A_T43PFM_A030480_20260801T052210' / 'IMG_DATA'
    images = {
        f'R10m/T43PFM_20260801T052209_{band}_10m.jp2': np.rint(plane * 10000 + 1000)
        for band, plane in zip(('B04', 'B03', 'B02', 'B08'), valley.optical, strict=True)
    }
    images['R20m/T43PFM_20260801T052209_SCL_20m.jp2'] = np.full_like(valley.optical[0], 4)[::2, ::2]
    for name, values in images.items():
        (granule / name).parent.mkdir(parents=True, exist_ok=True)
        clear = np.nan_to_num(values)  # 0 is no data
        pixel = 20.0 if 'SCL' in name else 10.0
        with rasterio.open(
            granule / name, 'w', driver='JP2OpenJPEG', QUALITY='100', REVERSIBLE='YES',
            dtype='uint8' if 'SCL' in name else 'uint16', count=1, height=clear.shape[0],
            width=clear.shape[1], crs=valley.grid.crs,
            transform=Affine(pixel, 0, valley.grid.bounds[0], 0, -pixel, valley.grid.bounds[3]),
        ) as file:  # fmt: skip
            file.write(clear[None].astype(file.dtypes[0]))
    offsets = ''.join(f'<BOA_ADD_OFFSET band_id="{i}">-1000</BOA_ADD_OFFSET>' for i in range(13))
    (folder / 'MTD_MSIL2A.xml').write_text(f"""<?xml version="1.0"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-15.sentinel2.eo.esa.int/PSD.xsd">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>2026-08-01T05:22:09.024Z</PRODUCT_START_TIME>
      <PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>
    </Product_Info>
    <Product_Image_Characteristics>
      <QUANTIFICATION_VALUES_LIST>
        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
      </QUANTIFICATION_VALUES_LIST>
      <BOA_ADD_OFFSET_VALUES_LIST>{offsets}</BOA_ADD_OFFSET_VALUES_LIST>
    </Product_Image_Characteristics>
  </n1:General_Info>
</n1:Level-2A_User_Product>""")


def write_dem(valley, path):
    grid = valley.dem_grid
    with rasterio.open(
        path, 'w', driver='GTiff', dtype='float32', count=1, height=grid.rows, width=grid.cols,
        crs=grid.crs, transform=grid.transform, nodata=float('nan'),
    ) as file:  # fmt: skip
        file.write(valley.dem[None].astype(np.float32))


def write_mintpy(valley, files):
    """Velocity, coherence and geometry on degrees, as MintPy's geocoding leaves them."""
    dem, step = valley.dem_grid, 4e-4
    shape = (int(dem.rows * dem.pixel_height / step), int(dem.cols * dem.pixel_width / step))
    west, north = dem.transform.c, dem.transform.f

    def on_degrees(values):
        out = np.full(shape, np.nan, np.float32)
        reproject(
            values.astype(np.float32), out, src_transform=valley.insar_grid.transform,
            src_crs=valley.insar_grid.crs, dst_transform=Affine(step, 0, west, 0, -step, north),
            dst_crs=dem.crs, src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling.bilinear,
        )  # fmt: skip
        return out

    told = {
        'LENGTH': str(shape[0]), 'WIDTH': str(shape[1]), 'X_FIRST': str(west),
        'Y_FIRST': str(north), 'X_STEP': str(step), 'Y_STEP': str(-step), 'X_UNIT': 'degrees',
        'Y_UNIT': 'degrees', 'REF_DATE': '20240101', 'ORBIT_DIRECTION': 'ASCENDING',
        'HEADING': '-12.0', 'WAVELENGTH': '0.05546576',
    }  # fmt: skip
    velocity = on_degrees(valley.velocity)
    kinds = {
        'file': ('velocity', {'velocity': velocity}),
        'coherence': ('', {'temporalCoherence': np.nan_to_num(on_degrees(valley.coherence))}),
        'geometry': (
            'geometry',
            {
                'height': np.full(shape, 900, np.float32),
                'incidenceAngle': np.full(shape, 39.0, np.float32),
                'azimuthAngle': np.full(shape, 102.0, np.float32),
            },
        ),
    }
    for option, (kind, planes) in kinds.items():
        with h5py.File(files[option], 'w') as file:
            unit = 'm/year' if kind == 'velocity' else ''
            file.attrs.update({**told, 'FILE_TYPE': kind, 'UNIT': unit})
            for name, plane in planes.items():
                file[name] = plane


def write_cloud(valley, path):
    """First returns of the surface, last ones of the ground; where the swath ends, none."""
    rng = np.random.default_rng(0)
    west, south, east, north = valley.grid.bounds
    x, y = np.meshgrid(np.arange(west + 2, east - 2, 4), np.arange(south + 2, north - 2, 4))
    x, y = (v.ravel() + rng.uniform(-1, 1, v.size) for v in (x, y))
    row, col = ((north - y) / 10).astype(int), ((x - west) / 10).astype(int)
    z = np.where(rng.random(x.size) < 0.5, valley.dsm[row, col], valley.dtm[row, col])
    seen = np.isfinite(z)
    header = laspy.LasHeader(point_format=6, version='1.4')
    header.scales, header.offsets = [0.01] * 3, [west, south, 0.0]
    header.add_crs(pyproj.CRS(valley.grid.crs))
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = x[seen], y[seen], z[seen]
    path.parent.mkdir(parents=True)
    cloud.write(path)


@pytest.fixture(scope='module')
def delivered(tmp_path_factory):
    """A folder with README's scene and the files it names."""
    folder = tmp_path_factory.mktemp('delivered')
    valley = make_valley(1, 256, 10.0)
    write_safe(valley, folder / source('optical')['file'])
    write_dem(valley, folder / source('terrain')['file'])
    options = {k: folder / v for k, v in source('insar').items() if k != 'product'}
    write_mintpy(valley, options)
    (pattern,) = source('lidar')['files']
    write_cloud(valley, folder / pattern.replace('*', 'one'))
    inventory(valley).to_file(folder / SCENE['landslides']['file'])
    (folder / 'SCENE.yaml').write_text(yaml.safe_dump(SCENE, sort_keys=False))
    return folder


def run(command, folder, *more):
    words = [word if not word.startswith(('tools/', 'configs/')) else str(ROOT / word)
             for word in shlex.split(command, comments=True)]  # fmt: skip
    assert words[0] == 'python'
    done = subprocess.run(
        [sys.executable, *words[1:], *more], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_the_commands_lead_from_delivered_files_to_an_inventory(delivered):
    inspect, build, train, predict, make = [c for c in COMMANDS.splitlines() if c.strip()]
    run(inspect, delivered)
    run(build, delivered)
    config = ROOT / next(word for word in shlex.split(train) if word.startswith('configs/'))
    stack = LayerStack.open(delivered / 'stacks' / 'my_scene')
    asked = load_config(config)
    assert {name: m.factor for name, m in stack.modalities.items()} == dict(asked.factors)
    assert stack.grid.pixel == 10
    red = stack.read(stack.grid.window, ['optical'])['optical'][0]
    assert 0 < red.max() < 1.5  # reflectance

    few = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'param_scheduler=[]']
    run(train, delivered, *few, 'default_hooks.checkpoint.interval=1')
    checkpoint = delivered / 'work_dirs' / config.stem / 'epoch_1.pth'
    assert checkpoint.is_file()

    names = {'CONFIG': str(config), 'CHECKPOINT': str(checkpoint), 'other_scene': 'my_scene'}
    for word, meant in names.items():
        predict, make = (command.replace(word, meant) for command in (predict, make))
    run(predict, delivered, '--window', '256', '--overlap', '0')
    with rasterio.open(delivered / 'probability.tif') as opened:
        assert np.isfinite(opened.read(1)).mean() > 0.95
    with rasterio.open(delivered / 'support.tif') as opened:
        assert opened.descriptions == tuple(f'support_{name}' for name in stack.modalities)
    run(make, delivered, '--threshold', '0.01')
    assert (
        'area_m2' in geopandas.read_file(delivered / 'inventory.gpkg', layer='landslides').columns
    )
