#!/usr/bin/env bash
# busybox, static, from Debian's source with musl: out come $HS_WORK/busybox and $HS_WORK/busybox.links.
. "$(dirname "$0")/../common.sh"
musl_setup
work=$HS_WORK/busybox-build
rm -rf "$work"
mkdir -p "$work"
dpkg-source --no-check -x "$(fetch_src busybox)"/*.dsc "$work/source" >/dev/null 2>"$work/unpack.log"
cd "$work/source"
export KCONFIG_NOTIMESTAMP=1
make -s defconfig >/dev/null
while IFS= read -r line; do
  case $line in
    CONFIG_*)
      name=${line%%=*}
      sed -i "/^$name=/d; /^# $name is not set/d" .config
      echo "$line" | sed 's/^\(.*\)=n$/# \1 is not set/' >>.config
      ;;
  esac
done <"$HS_RECIPE/busybox/config"
(yes '' || true) | make -s oldconfig >/dev/null 2>&1
while IFS= read -r line; do
  case $line in
    CONFIG_*=n) ! grep -q "^${line%=n}=" .config || die "busybox would not take $line" ;;
    CONFIG_*) grep -qxF "$line" .config || die "busybox would not take $line" ;;
  esac
done <"$HS_RECIPE/busybox/config"
make -s -j"$(nproc)" CC="$HS_CC" HOSTCC=gcc EXTRA_CFLAGS="-march=i686 -Os" SKIP_STRIP=y busybox busybox.links >"$work/build.log" 2>&1 ||
  { tail -n 30 "$work/build.log" >&2; die "busybox did not compile"; }
strip --strip-all -R .comment -R .note busybox_unstripped -o "$HS_WORK/busybox"
sed 's,^/,,' busybox.links | sort >"$HS_WORK/busybox.links"
