#!/usr/bin/env python3
"""Writes images/manifest.json: what the firmware verifies before it starts anything.

usage: manifest.py OUT WORK LOCK IMAGES NOTICES
  OUT      folder of finished volumes
  WORK     the build's scratch folder (its origin/ lists the packages of each volume)
  NOTICES  file to write: every binary package shipped, with version and source
"""

import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys

out, work, lock_path, images, notices = (pathlib.Path(p) for p in sys.argv[1:6])
cache = pathlib.Path(os.environ["HS_CACHE"])

lock = {}
for line in lock_path.read_text().split("\n"):
    if line:
        name, architecture, version, sha256 = line.split(" ")
        lock[name, architecture] = (version, sha256)

BASE = [
    ("stub", "stub", "stub.bin", "multiboot-stub", "BSD-2-Clause", "Multiboot stub: what a BIOS and a boot loader would do"),
    ("kernel", "kernel", "kernel.img", "flat-kernel", "GPL-2.0-only", "Linux, 32-bit, one for all appliances"),
    (
        "base",
        "initramfs",
        "base.img",
        "cpio",
        "GPL-2.0-only AND MIT AND BSD-2-Clause",
        "Base of every appliance: busybox, init, the guest agent with hv, laboratory tools",
    ),
    ("bios", "bios", "bios.bin", "rom", "LGPL-3.0-only", "SeaBIOS, for a person's own disk images"),
    ("vgabios", "vga-bios", "vgabios.bin", "rom", "LGPL-3.0-only", "SeaBIOS's VGA BIOS for the standard VGA"),
    ("font", "font", "vga-8x16.woff", "truetype", "LGPL-3.0-only", "The VGA BIOS's own 8x16 glyphs as a font"),
]
ORIGIN_OF = {"vgabios": "bios", "font": "bios"}
SOURCE_OF = {"linux-source-6.1": "linux"}


def fields_of(name, architecture):
    version, _ = lock[name, architecture]
    deb = cache / "debs" / f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"
    if not deb.exists():
        return name, version
    text = subprocess.run(
        ["dpkg-deb", "--field", str(deb), "Source"], capture_output=True, text=True, check=True
    ).stdout.strip()
    source, _, source_version = text.partition(" ")
    return source or name, source_version.strip("()") or version


def origin(volume):
    path = work / "origin" / ORIGIN_OF.get(volume, volume)
    wanted = sorted(set(path.read_text().split("\n")) - {""}) if path.exists() else []
    sources, binaries = {}, []
    for line in wanted:
        name, architecture = line.split(" ")
        version, sha256 = lock[name, architecture]
        if architecture in ("source", "upstream"):
            sources[name] = version
            continue
        binaries.append({"package": name, "version": version, "architecture": architecture, "sha256": sha256})
        source, source_version = fields_of(name, architecture)
        sources[source] = source_version
    return {
        "source": [{"package": name, "version": sources[name]} for name in sorted(sources)],
        "binary": binaries,
    }


def entry(name, role, file, kind, licence, description):
    data = (out / file).read_bytes()
    packed = data[:2] == b"\x1f\x8b"
    return {
        "name": name,
        "role": role,
        "file": f"flash/{file}",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "encoding": "gzip" if packed else "identity",
        "contentSize": len(gzip.decompress(data)) if packed else len(data),
        "kind": kind,
        "description": description,
        "licence": licence,
        "origin": origin(name),
    }


volumes = [entry(*row) for row in BASE if (out / row[2]).exists()]
for folder in ["primary", "web", "messaging", "management", "vault"]:
    about = images / "appliances" / folder / "volume.json"
    if not about.exists() or not (out / f"{folder}.sqfs").exists():
        continue
    said = json.loads(about.read_text())
    volume = entry(folder, "appliance", f"{folder}.sqfs", "squashfs", said["licence"], said["description"])
    volume["appliance"] = folder
    volume["ramMiB"] = said["ramMiB"]
    volume["kernelCommandLine"] = said["kernelCommandLine"]
    volumes.append(volume)

manifest = {"format": "hyperspace-flash", "version": 1, "volumes": volumes}
print(json.dumps(manifest, indent=2, ensure_ascii=False))

shipped = {}
for volume in volumes:
    path = work / "origin" / ORIGIN_OF.get(volume["name"], volume["name"])
    for line in path.read_text().split("\n") if path.exists() else []:
        if line:
            shipped.setdefault(tuple(line.split(" ")), set()).add(volume["name"])
lines = []
for package, architecture in sorted(shipped):
    version, _ = lock[package, architecture]
    where = ", ".join(sorted(shipped[package, architecture]))
    built_from = "built here"
    if architecture not in ("source", "upstream"):
        source, source_version = fields_of(package, architecture)
        built_from = f"from source {source} {source_version}"
    lines.append(f"{package} {version} ({architecture}), {built_from}; in: {where}")
notices.write_text("\n".join(lines) + "\n")
