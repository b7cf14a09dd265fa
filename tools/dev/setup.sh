#!/bin/sh
# Set up .venv from requirements.lock. Does nothing where it is up to date.
# Usage: tools/dev/setup.sh   (make demo and make test call it)
set -eu
cd "$(dirname "$0")/../.."

venv=.venv
stamp=$venv/.fusionls-setup
wanted=$(cat requirements.lock pyproject.toml tools/dev/setup.sh | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

# Shared libraries that wheels expect of the system: OpenCV (under mmcv) and GDAL (in rasterio).
missing=
need() { # library package
    ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"
}
need libGL.so.1 libgl1
need libgthread-2.0.so.0 libglib2.0-0
need libexpat.so.1 libexpat1
python=${PYTHON:-$(command -v python3.11 || command -v python3 || true)}
[ -n "$python" ] || { echo 'setup: no Python found; install Python 3.11 and run again' >&2; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    echo "setup: installing Debian packages:$missing"
    if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
    # shellcheck disable=SC2086  # a list of packages
    $sudo apt-get update -qq && $sudo apt-get install -y -qq $missing ||
        { echo "setup: could not install them; run: apt-get install$missing" >&2; exit 1; }
fi

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$version" = 3.11 ] ||
    echo "setup: Python $version; requirements.lock was made with 3.11 and may not fit" >&2
[ -x "$venv/bin/python" ] || { echo "setup: making $venv"; "$python" -m venv "$venv"; }
echo 'setup: installing the packages of requirements.lock (about 7 GB with CUDA torch; minutes)'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
echo "$wanted" > "$stamp"
echo "setup: done, $venv is ready"
