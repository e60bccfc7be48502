#!/usr/bin/env python3
"""Compares freshly built volumes with the manifest. usage: compare.py MANIFEST OUT; skip=1 leaves the kernel out."""

import hashlib
import json
import os
import pathlib
import sys

manifest = json.loads(pathlib.Path(sys.argv[1]).read_text())
out = pathlib.Path(sys.argv[2])
different = 0
known = set()
for volume in manifest["volumes"]:
    file = out / pathlib.Path(volume["file"]).name
    known.add(file.name)
    if volume["role"] == "kernel" and os.environ.get("skip") == "1":
        print(f"{volume['name']:12} not rebuilt")
        continue
    built = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "not built"
    if built == volume["sha256"]:
        print(f"{volume['name']:12} equal      {built}")
    else:
        different += 1
        print(f"{volume['name']:12} DIFFERENT  manifest {volume['sha256']}")
        print(f"{'':12}            built    {built}")
    flash = pathlib.Path(sys.argv[1]).parent / volume["file"]
    committed = hashlib.sha256(flash.read_bytes()).hexdigest() if flash.exists() else "missing"
    if committed != volume["sha256"]:
        different += 1
        print(f"{'':12} {volume['file']} in the folder is not the manifest's: {committed}")
for file in sorted(out.iterdir()):
    if file.name not in known:
        different += 1
        print(f"{file.name:12} DIFFERENT  built, but not in the manifest")
sys.exit(1 if different else 0)
