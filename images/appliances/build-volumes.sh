#!/bin/bash
# Builds the read-only volume of each appliance that has one: Debian's packages unpacked, the files in its keep
# list and the libraries these need taken out, its own files laid over them, and the result made into a squashfs, packed by gzip.
#
#   images/appliances/build-volumes.sh OUTDIR [appliance...]
#
# The same packages give the same bytes: nothing here reads the clock, the machine's own files or its user.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../recipe/common.sh
source "$here/../recipe/common.sh"

out=${1:?usage: build-volumes.sh OUTDIR [appliance...]}
shift
appliances=("$@")
[ ${#appliances[@]} -gt 0 ] || appliances=(web vault primary messaging)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$HS_WORK/appliances
mkdir -p "$work"

# The base lies under each volume: its busybox runs the applets, and what it names itself is not named again. No program made
# for the guest is run here: a host's kernel may be built without 32-bit programs.
base=$work/base.root
rm -rf "$base"
mkdir -p "$base"
archive=$HS_OUT/base.img
[ -e "$archive" ] || archive=$here/../flash/base.img
gzip -dc "$archive" | (cd "$base" && cpio --quiet -idm --no-preserve-owner 2>/dev/null)
[ -e "$HS_WORK/busybox.links" ] || bash "$HS_RECIPE/busybox/build.sh"
cp "$HS_WORK/busybox.links" "$work/applets"

list() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"; }

# Where the dynamic linker looks, in its order.
library_folders=(lib/i386-linux-gnu usr/lib/i386-linux-gnu lib usr/lib)

needed_by() { readelf -d "$1" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
interpreter_of() { readelf -lW "$1" 2>/dev/null | sed -n 's/.*program interpreter: \/\(.*\)\]/\1/p'; }
is_elf() { [ "$(head -c 4 "$1" | tr -d '\0')" = $'\x7fELF' ]; }

# copy RAW ROOT PATH: one path with its parent folders; a link is kept as a link with what it points to.
copy() {
  local raw=$1 root=$2 path=$3 target
  mkdir -p "$root/$(dirname "$path")"
  if [ -L "$raw/$path" ]; then
    target=$(readlink "$raw/$path")
    cp -a "$raw/$path" "$root/$path"
    case $target in /*) target=${target#/} ;; *) target=$(realpath -ms --relative-to="$raw" "$raw/$(dirname "$path")/$target") ;; esac
    [ -e "$root/$target" ] || copy "$raw" "$root" "$target"
  else
    cp -a "$raw/$path" "$root/$(dirname "$path")/"
  fi
}

keep() {
  local raw=$1 root=$2 line match found
  while read -r line; do
    case $line in
      *' -> '*)
        mkdir -p "$root/$(dirname "${line%% -> *}")"
        ln -sfn "${line##* -> }" "$root/${line%% -> *}"
        ;;
      '!'*)
        (cd "$root" && rm -rf -- ${line#!})
        ;;
      *)
        found=
        while read -r match; do
          found=1
          copy "$raw" "$root" "$match"
        done < <(cd "$raw" && compgen -G "$line" | sort)
        [ -n "$found" ] || { echo "build-volumes: no package holds $line" >&2; return 1; }
        ;;
    esac
  done
}

# Libraries go into one folder, the first that the dynamic linker reads: no search, no cache file.
add_libraries() {
  local raw=$1 root=$2 file name folder again=1
  while [ -n "$again" ]; do
    again=
    while IFS= read -r file; do
      is_elf "$file" || continue
      for name in $(needed_by "$file"); do
        [ -e "$root/lib/i386-linux-gnu/$name" ] && continue
        for folder in "${library_folders[@]}" -; do
          [ "$folder" = - ] && { echo "build-volumes: no package holds $name, needed by ${file#"$root"/}" >&2; return 1; }
          [ -e "$raw/$folder/$name" ] && break
        done
        mkdir -p "$root/lib/i386-linux-gnu"
        cp -L --preserve=mode "$raw/$folder/$name" "$root/lib/i386-linux-gnu/$name"
        again=1
      done
      name=$(interpreter_of "$file")
      if [ -n "$name" ] && [ ! -e "$root/$name" ]; then
        mkdir -p "$root/$(dirname "$name")"
        cp -L --preserve=mode "$raw/$name" "$root/$name"
      fi
    done < <(find "$root" -type f \( -perm /111 -o -name '*.so*' \) | sort)
  done
}

# stand_in LIBRARY OUT PROGRAM...: a library with the names that the programs want of LIBRARY, each a function that
# answers 0. A program that is linked to what its volume leaves out starts, and that one thing fails in it.
stand_in() {
  local library=$1 out=$2 source
  shift 2
  source=$work/stand-in.$HS_VOLUME.$library
  objdump -p "$@" | awk -v library="$library" '/required from/ { on = ($3 == library ":") } on && $1 ~ /^0x/ { print $4 }' |
    sort -u >"$source.versions"
  # Names without a version belong to a library that has none.
  [ -s "$source.versions" ] || echo NONE >"$source.versions"
  objdump -T "$@" | awk 'NR == FNR { wanted[$1] = 1; next } /\*UND\*/ {
      version = ($(NF - 1) ~ /^\(/) ? substr($(NF - 1), 2, length($(NF - 1)) - 2) : "NONE"
      if (version in wanted && $0 !~ / w  /) print version, $NF
    }' "$source.versions" - | sort -u >"$source.names"
  awk '{ print "int " $2 "(void) { return 0; }" }' "$source.names" | sort -u >"$source.c"
  awk '$1 == "NONE" { next } $1 != last { if (last) print "};"; print $1 " { global:"; last = $1 } { print "  " $2 ";" } END { if (last) print "};" }' \
    "$source.names" >"$source.map"
  gcc -m32 -march=i686 -Os -ffreestanding -fno-builtin -w -fno-stack-protector -fno-asynchronous-unwind-tables -fPIC -shared -nostdlib \
    -Wl,--build-id=none -Wl,-soname,"$library" $([ -s "$source.map" ] && echo "-Wl,--version-script=$source.map") -o "$out" "$source.c"
  strip -R .comment -R .note "$out"
}

# empty_disk RAW MIB LABEL OUT: what the volume's own mke2fs would write to a blank disk of that size, by which init formats one
# at the first start; the host's is of the same source package. Its identifier is a fixed one: a guest has one such disk
# and names it by its place.
empty_disk() {
  local raw=$1 mib=$2 label=$3 out=$4 id=68797065-7273-7061-6365-2d6469736b00
  rm -f "$work/$label.disk"
  truncate -s "${mib}M" "$work/$label.disk"
  MKE2FS_CONFIG=$raw/etc/mke2fs.conf E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH \
    /sbin/mke2fs -q -F -t ext4 -b 4096 -m 0 -L "$label" -U "$id" -E "hash_seed=$id,lazy_itable_init=1,lazy_journal_init=1,nodiscard" "$work/$label.disk"
  mkdir -p "$(dirname "$out")"
  /usr/bin/python3 "$here/empty-disk.py" "$work/$label.disk" "$out"
  rm "$work/$label.disk"
}

# make_volume ROOT OUT: a squashfs whose bytes depend on ROOT's names, modes and contents alone, uncompressed inside and
# packed by gzip as a whole. The host unpacks it natively in a moment; the guest, whose code is interpreted until it is
# ready, would take longer to undo zstd than for all else at its start (primary to its prompt: 215 against 20 Mi).
make_volume() {
  local root=$1 out=$2
  normalise_times "$root"
  rm -f "$out" "$out.raw"
  env -u SOURCE_DATE_EPOCH mksquashfs "$root" "$out.raw" -comp zstd -noI -noD -noF -noX -no-fragments -b 128K -all-root -no-xattrs \
    -no-exports -all-time "$SOURCE_DATE_EPOCH" -mkfs-time "$SOURCE_DATE_EPOCH" -noappend -no-progress -quiet >&2
  pack <"$out.raw" >"$out"
  rm "$out.raw"
}

build_volume() {
  local appliance=$1 raw root package arch library programs applet name
  export HS_VOLUME=$appliance
  raw=$work/$appliance.raw
  root=$work/$appliance.root
  rm -rf "$raw" "$root"
  mkdir -p "$raw" "$root"
  while read -r package arch; do
    extract_deb "$(fetch_deb "$package" "${arch:-i386}")" "$raw"
  done < <(list "$here/packages.$appliance.txt")
  # Programs built from source join the packages' files before anything is chosen.
  if [ -x "$here/$appliance/build.sh" ]; then "$here/$appliance/build.sh" "$raw"; fi
  list "$here/$appliance/keep.txt" | keep "$raw" "$root"
  if [ -e "$here/$appliance/absent.txt" ]; then
    mkdir -p "$root/lib/i386-linux-gnu"
    while read -r library programs; do
      # shellcheck disable=SC2086
      (cd "$raw" && stand_in "$library" "$root/lib/i386-linux-gnu/$library" $programs)
    done < <(list "$here/$appliance/absent.txt")
  fi
  add_libraries "$raw" "$root"
  if [ -e "$here/$appliance/disk.txt" ]; then
    empty_disk "$raw" "$(list "$here/$appliance/disk.txt")" "$appliance" "$root/etc/hyperspace/empty-disk"
  fi
  # The applets of the base's busybox, where no fuller program of the same name is.
  while read -r applet; do
    name=${applet##*/}
    [ -e "$base/$applet" ] || [ -L "$base/$applet" ] || [ -e "$root/bin/$name" ] || [ -e "$root/sbin/$name" ] || [ -e "$root/usr/bin/$name" ] || [ -e "$root/usr/sbin/$name" ] && continue
    mkdir -p "$root/$(dirname "$applet")"
    ln -s /bin/busybox "$root/$applet"
  done <"$work/applets"
  cp -a "$here/common/rootfs/." "$root/"
  # The vault has no way to ask for a lease, besides having no card.
  [ "$appliance" = vault ] || cp -a "$here/network/rootfs/." "$root/"
  cp -a "$here/$appliance/rootfs/." "$root/"
  chmod -R u+rwX,go+rX,go-w "$root"
  make_volume "$root" "$out/$appliance.sqfs"
}

# Beside each other: one compiles while another packs. The longest first.
running=()
for appliance in "${appliances[@]}"; do
  build_volume "$appliance" &
  running+=($!)
done
failed=0
for job in "${running[@]}"; do wait "$job" || failed=1; done
exit $failed
