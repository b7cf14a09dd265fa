#!/bin/sh
# Train and test every row of the Mars table of README, one after the other, then write the table.
# Needs FUSIONLS_REAL_DATA (the folder that holds mars_mmls_v2) and the extras pretrained and
# benchmark. Usage: benchmarks/mars/run_table.sh [OUT]
set -eu
cd "$(dirname "$0")/../.."
py=${PY:-python}
out=${1:-work_dirs/mars}

"$py" -m pip install --quiet --no-deps segmentation-models-pytorch==0.6.0
"$py" benchmarks/mars/plain_unet.py --out "$out/plain_unet"
for method in stacked concat gated; do
    config=configs/$method/${method}_lite0_opttertherm_1xb8_12e_mars_t192.py
    "$py" benchmarks/zoo/train.py "$config" --folder "$out/$method"
done
# the gated model again with each modality alone, and without each
for only in optical terrain thermal 'optical terrain' 'optical thermal' 'terrain thermal'; do
    # shellcheck disable=SC2086  # a list of names
    "$py" tools/test.py configs/gated/gated_lite0_opttertherm_1xb8_12e_mars_t192.py \
        "$out/gated/epoch_12.pth" --work-dir "$out/gated" --modalities $only
done
"$py" benchmarks/mars/render_table.py "$out"
