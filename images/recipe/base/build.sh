#!/usr/bin/env bash
# The base initramfs: busybox, the guest's own programs, a few files of /etc. One for every appliance.
. "$(dirname "$0")/../common.sh"
export HS_VOLUME=base
musl_setup
[ -n "${HS_KEEP_BUSYBOX:-}" ] && [ -e "$HS_WORK/busybox" ] || bash "$HS_RECIPE/busybox/build.sh"

work=$HS_WORK/base
root=$work/root
rm -rf "$work"
mkdir -p "$work/object" "$root"/{bin,dev,etc,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin}

compile() { # FOLDER PROGRAM
  local source objects=()
  for source in "$HS_IMAGES/src/$1"/*.c; do
    objects+=("$work/object/$1-$(basename "$source" .c).o")
    "$HS_CC" -march=i686 -Os -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fno-stack-protector -fno-asynchronous-unwind-tables \
      -ffunction-sections -fdata-sections -ffile-prefix-map="$HS_IMAGES=/images" -c "$source" -o "${objects[-1]}"
  done
  "$HS_CC" -Wl,--gc-sections,--build-id=none -s "${objects[@]}" -o "$2"
  strip --strip-all -R .comment -R .note "$2"
}

install -m 755 "$HS_WORK/busybox" "$root/bin/busybox"
compile guest "$root/sbin/hyperspace"
compile lab "$root/sbin/hvlab"
ln -s sbin/hyperspace "$root/init"
ln -s ../sbin/hyperspace "$root/bin/hv"
for tool in hvdetect forkbomb memhog irqstorm rawforge panicnow haltcli; do ln -s ../../sbin/hvlab "$root/usr/bin/$tool"; done
# The shell runs applets without links; these are for scripts' first lines and for programs that start them by name. A
# volume brings all of them.
for applet in bin/sh bin/mount bin/umount sbin/poweroff sbin/reboot sbin/halt usr/bin/env; do
  ln -s /bin/busybox "$root/$applet"
done
cp -r "$HS_IMAGES/src/base/." "$root"
for folder in "$HS_IMAGES"/appliances/*/rootfs/etc/hyperspace/roles; do
  [ -d "$folder" ] || continue
  mkdir -p "$root/etc/hyperspace"
  cp -r "$folder" "$root/etc/hyperspace/"
done

find "$root" -type d -exec chmod 755 {} +
find "$root/etc" "$root/root" -type f -exec chmod 644 {} +
find "$root/etc/hyperspace" -type f \( -name start -o -name console -o -name stop -o -name resumed \) -exec chmod 755 {} + 2>/dev/null || true
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
normalise_times "$root"
(cd "$root" && find . -mindepth 1 | sort | cpio --quiet --create --format newc --owner 0:0 --reproducible) >"$work/base.cpio"
pack <"$work/base.cpio" >"$HS_OUT/base.img"

# Management runs from the base alone, so that no disk delays it. Its volume holds the same scripts: what is listed, measured and
# offered in Setup as the appliance.
mkdir -p "$work/management"
cp -r "$root/etc/hyperspace/roles/management/." "$work/management"
HS_VOLUME=management make_squashfs "$work/management" "$HS_OUT/management.sqfs"
