#!/usr/bin/env bash
# Proves that fusionls works beside the original OpenMMLab distributions.
#
# Users who have mmengine 0.10.7, mmcv-lite (or mmcv) 2.1.0, mmsegmentation 1.2.2 and mmdet
# 3.3.0 keep them: the import names are those of the onedl-* distributions that fusionls
# declares. This makes .venv-openmmlab with the originals, puts fusionls in it without its
# declared dependencies on onedl-*, and runs the tests that touch OpenMMLab there.
#
# Usage:  tools/dev/check_openmmlab.sh [pytest arguments]
# Needs:  Python 3.11 or later (PYTHON names it) and 8 GB of disk; installing takes minutes, once.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON=${PYTHON:-python3}
ENVIRONMENT=.venv-openmmlab
ORIGINALS=(
    torch==2.14.1 torchvision==0.29.1  # one pair: built for each other
    mmengine==0.10.7
    mmcv-lite==2.1.0                   # the last mmcv that mmdet 3.3.0 and mmseg 1.2.2 accept
    mmsegmentation==1.2.2
    mmdet==3.3.0
    ftfy regex                         # mmseg 1.2.2 imports both and declares neither
    'setuptools<81'                    # the last with pkg_resources, which mmengine 0.10.7 uses
)

# Our own dependencies and the development tools, less the onedl-* distributions.
OURS_TEXT=$("$PYTHON" - <<'PY'
import re
import tomllib

with open('pyproject.toml', 'rb') as file:
    project = tomllib.load(file)['project']
wanted = project['dependencies'] + project.get('optional-dependencies', {}).get('dev', [])
for requirement in wanted:
    name = re.match(r'[\w.-]+', requirement)[0].lower()
    if not name.startswith(('onedl-', 'torch', 'fusionls')):
        print(requirement.split(';')[0].strip())
PY
)
mapfile -t OURS <<< "$OURS_TEXT"

WANTED=$(printf '%s\n' "${ORIGINALS[@]}" "${OURS[@]}")
if [ "$(cat "$ENVIRONMENT/fusionls-installed.txt" 2>/dev/null)" != "$WANTED" ]; then
    echo "making $ENVIRONMENT (about 6 GB)"
    [ -x "$ENVIRONMENT/bin/python" ] || "$PYTHON" -m venv "$ENVIRONMENT"
    echo '*' > "$ENVIRONMENT/.gitignore"  # thousands of files that no commit should hold
    "$ENVIRONMENT/bin/python" -m pip install --quiet "${ORIGINALS[@]}" "${OURS[@]}"
    "$ENVIRONMENT/bin/python" -m pip install --quiet --no-deps --editable .
    printf '%s\n' "$WANTED" > "$ENVIRONMENT/fusionls-installed.txt"
fi

"$ENVIRONMENT/bin/python" -m pip list 2>/dev/null \
    | grep -iE '^(torch|torchvision|numpy|mmengine|mmcv|mmdet|mmsegmentation|onedl)'
if "$ENVIRONMENT/bin/python" -m pip list 2>/dev/null | grep -i '^onedl-' >&2; then
    echo "so $ENVIRONMENT proves nothing; remove it and start again: rm -r $ENVIRONMENT" >&2
    exit 1
fi

TESTS=(tests/ops tests/models tests/engine)

exec "$ENVIRONMENT/bin/python" -m pytest "${TESTS[@]}" -q "$@"
