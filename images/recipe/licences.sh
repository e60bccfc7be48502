#!/usr/bin/env bash
# images/LICENSES: the texts, and NOTICES with every package whose files are in a volume.
. "$(dirname "$0")/common.sh"
into=$HS_IMAGES/LICENSES
mkdir -p "$into"
for text in GPL-1 GPL-2 GPL-3 LGPL-2 LGPL-2.1 LGPL-3 Apache-2.0 MPL-2.0 Artistic; do
  [ -e "/usr/share/common-licenses/$text" ] && cp --dereference "/usr/share/common-licenses/$text" "$into/$text.txt"
done
# Each package's own copyright file, as Debian ships it.
rm -rf "$into/packages"
mkdir -p "$into/packages"
while read -r name version arch _; do
  [ -n "$name" ] || continue
  arch=${arch#(}
  arch=${arch%%)*}
  if [ "$arch" = source ]; then
    folder=$HS_CACHE/sources/${name}_${version//:/%3a}
    tar -xOf "$folder"/*.debian.tar.* debian/copyright >"$into/packages/$name.txt" 2>/dev/null || rm -f "$into/packages/$name.txt"
    continue
  fi
  if [ "$arch" = upstream ]; then
    tar -xOf "$HS_CACHE/sources/${name}_$version.orig.tar.xz" --wildcards '*/COPYING' >"$into/packages/$name-$version.txt"
    continue
  fi
  deb=$HS_CACHE/debs/${name}_${version//:/%3a}_$arch.deb
  [ -e "$deb" ] || continue
  dpkg-deb --fsys-tarfile "$deb" | tar -xOf - --wildcards "./usr/share/doc/*/copyright" >"$into/packages/$name.txt" 2>/dev/null || rm -f "$into/packages/$name.txt"
done <"$HS_WORK/packages"
{
  echo "What the volumes of images/flash are made of"
  echo
  echo "Each line: package, version, architecture, its source package, the volumes that hold files or code of it. The source"
  echo "packages are in Debian's archive under these names and versions ('apt-get source NAME=VERSION'); images/build.sh builds"
  echo "the volumes from these packages, whose SHA-256 images/recipe/packages.lock pins. Licence texts are in this folder,"
  echo "each package's own copyright file in packages/. 'upstream' is the source package's upstream tarball alone, which the"
  echo "archive's pool has for several of its suites (pool/main/i/irssi for irssi)."
  echo
  cat "$HS_WORK/packages"
} >"$into/NOTICES.txt"
