#!/bin/sh
# Builds a package: ./build.sh 1.1.0 writes packages/1.1.0.zip. The same sources give
# the same bytes, and so the same digest, whenever and wherever it runs.
set -eu
cd "$(dirname "$0")"
mkdir -p packages
python3 - "${1:?a version, for example 1.1.0}" <<'PYTHON'
import pathlib, sys, zipfile

version = sys.argv[1]
with zipfile.ZipFile(f"packages/{version}.zip", "w") as package:
    for name, content in (("handler.py", pathlib.Path("app/handler.py").read_text()), ("VERSION", version + "\n")):
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        package.writestr(entry, content)
PYTHON
