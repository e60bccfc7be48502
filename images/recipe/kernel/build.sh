#!/usr/bin/env bash
# The kernel of every appliance: a flat image, its zeroed memory included, loaded at 16 MiB by the stub.
. "$(dirname "$0")/../common.sh"
export HS_VOLUME=kernel
work=$HS_WORK/kernel
if [ "${HS_KEEP_KERNEL:-0}" != 1 ]; then rm -rf "$work"; fi
mkdir -p "$work/object"
if [ ! -d "$work/source" ]; then
  extract_deb "$(fetch_deb linux-source-6.1 all)" "$work/package"
  tar -C "$work" -xf "$work/package/usr/src/linux-source-6.1.tar.xz"
  mv "$work/linux-source-6.1" "$work/source"
  for change in "$HS_RECIPE"/kernel/patches/*.patch; do
    patch --quiet --directory "$work/source" --strip 1 --input "$change"
  done
else
  fetch_deb linux-source-6.1 all >/dev/null
fi
export KBUILD_BUILD_TIMESTAMP="@$SOURCE_DATE_EPOCH" KBUILD_BUILD_USER=hyperspace KBUILD_BUILD_HOST=hyperspace KBUILD_BUILD_VERSION=1
kmake() { make -s -C "$work/source" O="$work/object" ARCH=i386 "$@"; }
kmake KCONFIG_ALLCONFIG="$HS_RECIPE/kernel/config" allnoconfig >"$work/config.log" 2>&1
while IFS= read -r line; do
  case $line in
    CONFIG_*=n) ! grep -q "^${line%n}" "$work/object/.config" || die "the kernel would not take $line" ;;
    CONFIG_*) grep -qxF "$line" "$work/object/.config" || die "the kernel would not take $line" ;;
  esac
done <"$HS_RECIPE/kernel/config"
kmake -j"$(nproc)" vmlinux >"$work/build.log" 2>&1 || {
  tail -n 30 "$work/build.log" >&2
  die "the kernel did not compile"
}
objcopy -O binary -R .note -R .note.gnu.property -R .comment -S "$work/object/vmlinux" "$work/flat"
# The end of the last loaded segment in physical memory, bss and brk included: objcopy leaves them out.
end=$(readelf --program-headers --wide "$work/object/vmlinux" |
  awk '$1 == "LOAD" { print $4, $6 }' | while read -r at size; do echo $((at + size)); done | sort -n | tail -n 1)
truncate --size $((end - 0x1000000)) "$work/flat"
pack <"$work/flat" >"$HS_OUT/kernel.img"
