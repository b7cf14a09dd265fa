#!/bin/sh
# Mosaic the first validation block of the Mars tiles (cell columns 20 to 29), map it with the
# gated model, make its inventory and a picture. After benchmarks/mars/run_table.sh.
# Usage: benchmarks/mars/map_block.sh [OUT]
set -eu
cd "$(dirname "$0")/../.."
py=${PY:-python}
out=${1:-work_dirs/mars}
config=configs/gated/gated_lite0_opttertherm_1xb8_12e_mars_t192.py

"$py" tools/datasets/mosaic_mars_mmls_v2.py "$out/block/stack" --columns 20 30
"$py" tools/predict_scene.py $config "$out/gated/epoch_12.pth" "$out/block/stack" \
    "$out/block/probability.tif" --window 256 --overlap 64
"$py" tools/make_inventory.py "$out/block/probability.tif" "$out/block/inventory.gpkg" \
    --stack "$out/block/stack" --min-area 500000
"$py" tools/draw_scene.py "$out/block/stack" "$out/block/picture.png" \
    --probability "$out/block/probability.tif" --inventory "$out/block/inventory.gpkg" \
    --panels optical terrain_slope thermal_inertia truth probability prediction
