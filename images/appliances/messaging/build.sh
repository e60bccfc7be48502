#!/bin/bash
# irssi from upstream's release, linked statically and to a fixed place: no dynamic linker, no relocations, fewer page faults.
# Without TLS, modules and Perl; its built-in theme is ours, its built-in settings those that ours leave out, the status bar.
# The release is that of bookworm-backports and trixie, from the archive's pool: a tarball, not a whole source package.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../recipe/common.sh"
raw=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$HS_WORK/irssi
rm -rf "$work"
mkdir -p "$work/bin" "$work/irssi"

sysroot=$work/sysroot
for package in libc6 libc6-dev linux-libc-dev libgcc-12-dev libgcc-s1 libcrypt-dev libglib2.0-dev libpcre2-dev libncurses-dev; do
  extract_deb "$(fetch_deb "$package" i386)" "$sysroot"
done
sed -i "s#^prefix=/usr#prefix=$sysroot/usr#; s#^\(libdir\|includedir\)=/usr#\1=$sysroot/usr#" \
  "$sysroot"/usr/lib/i386-linux-gnu/pkgconfig/*.pc
cat >"$work/bin/guest-gcc" <<CC
#!/bin/sh
exec gcc -m32 -march=pentium4 -mfpmath=sse --sysroot=$sysroot -B$sysroot/usr/lib/gcc/i686-linux-gnu/12 \\
  -ffile-prefix-map=$work=. -fno-pie -ffunction-sections -fdata-sections "\$@"
CC
chmod 755 "$work/bin/guest-gcc"
export PATH=$work/bin:$PATH PKG_CONFIG_LIBDIR=$sysroot/usr/lib/i386-linux-gnu/pkgconfig

tarball=$(fetch_upstream irssi)
tar -C "$work/irssi" --strip-components=1 -xf "$tarball"
trap 'tail -n 30 "$work/irssi.log" >&2' ERR
(
  cd "$work/irssi"
  patch -p1 <"$here/first-use.patch"
  patch -p1 <"$here/told.patch"
  cp "$here/no-tls.c" src/core/network-openssl.c
  sed -i '/#include <openssl.ssl.h>/d' src/core/tls.h
  cp "$here/default.theme" themes/default.theme
  sed -i -n '/^statusbar = {/,$ { s/^ *//; /^#/d; /^$/d; p }' irssi.conf
  link='-no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro'
  ./configure --host=i686-linux-gnu --build=x86_64-linux-gnu CC=guest-gcc CFLAGS='-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2' LDFLAGS="-static $link" \
    PKG_CONFIG='pkg-config --static' OPENSSL_CFLAGS=' ' OPENSSL_LIBS=' ' --prefix=/usr --sysconfdir=/etc \
    --disable-shared --enable-static --disable-glibtest --disable-dependency-tracking --enable-true-color \
    --with-perl=no --with-otr=no --without-proxy --disable-utf8proc
  make -s default-config.h default-theme.h irssi-version.h
  make -s -j"$(nproc)" -C src LDFLAGS="-all-static $link"
) >"$work/irssi.log" 2>&1
mkdir -p "$raw/usr/bin"
# No exceptions in C: what would unwind them is an eighth of the program.
strip -R .comment -R .note -R .eh_frame -R .gcc_except_table -o "$raw/usr/bin/irssi" "$work/irssi/src/fe-text/irssi"
