# What every recipe script shares: folders, the fixed clock, pinned packages, squashfs. Source it; do not run it.
#
#   HS_WORK            scratch folder of this build (made when unset)
#   HS_OUT             where finished volumes go
#   HS_CACHE           verified downloads; kept between builds when the caller sets it
#   HS_VOLUME          the volume being built; packages fetched meanwhile are recorded as its origin
#   HS_UPDATE=1        take the newest version the archive offers and rewrite packages.lock
#   SOURCE_DATE_EPOCH  the one time stamp of everything built
set -euo pipefail

HS_RECIPE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HS_IMAGES=$(dirname "$HS_RECIPE")
HS_LOCK=$HS_RECIPE/packages.lock
HS_WORK=${HS_WORK:-$(mktemp -d "${TMPDIR:-/var/tmp}/hyperspace-images.XXXXXX")}
HS_OUT=${HS_OUT:-$HS_WORK/out}
HS_CACHE=${HS_CACHE:-$HS_WORK/downloads}
HS_UPDATE=${HS_UPDATE:-0}
SOURCE_DATE_EPOCH=1795305600 # 2026-11-22 00:00:00 UTC
LC_ALL=C TZ=UTC
umask 022
export HS_RECIPE HS_IMAGES HS_LOCK HS_WORK HS_OUT HS_CACHE HS_UPDATE SOURCE_DATE_EPOCH LC_ALL TZ
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS CC
mkdir -p "$HS_WORK/origin" "$HS_OUT" "$HS_CACHE/debs" "$HS_CACHE/sources"
touch "$HS_LOCK"

say() { printf 'images: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# A private apt: this machine's own Debian entries, binary and source, for amd64 and i386; the system's state is not touched.
apt_setup() {
  (
    flock 9
    [ -e "$HS_WORK/apt/ready" ] || apt_prepare
  ) 9>"$HS_WORK/apt.lock"
}

apt_prepare() {
  local etc=$HS_WORK/apt/etc file
  mkdir -p "$etc/sources.list.d" "$HS_WORK/apt/lists/partial" "$HS_WORK/apt/cache/archives/partial"
  : >"$HS_WORK/apt/status"
  for file in /etc/apt/sources.list.d/*.sources; do
    if [ -e "$file" ] && grep -q '^Suites:.*bookworm' "$file" && grep -q debian-archive-keyring "$file"; then
      sed 's/^Types:.*/Types: deb deb-src/' "$file" >"$etc/sources.list.d/${file##*/}"
    fi
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    grep -E '^deb +(\[[^]]*\] *)?[^ ]*debian[^ ]* +bookworm' "$file" |
      sed 'p; s/^deb /deb-src /' >>"$etc/sources.list" || true
  done
  touch "$etc/sources.list"
  cat >"$HS_WORK/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$etc/sources.list";
Dir::Etc::sourceparts "$etc/sources.list.d";
Dir::State::lists "$HS_WORK/apt/lists";
Dir::State::status "$HS_WORK/apt/status";
Dir::Cache "$HS_WORK/apt/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "i386"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  say "reading the package lists"
  if ! apt_private apt-get -q -q --error-on=any update >&2; then
    # A mirror in the middle of a sync drops the whole suite it is inconsistent in; amd64 and "all" may still be whole.
    say "the package lists are incomplete; trying the security suite without i386"
    sed -i '/^Suites:.*security/a Architectures: amd64' "$etc"/sources.list.d/*.sources
    sed -i -E '/security/s/^(deb(-src)?) +(\[[^]]*\] *)?/\1 [arch=amd64] /' "$etc/sources.list"
    apt_private apt-get -q -q --error-on=any update >&2 || die "the package lists cannot be read"
  fi
  touch "$HS_WORK/apt/ready"
}

apt_private() { APT_CONFIG=$HS_WORK/apt/apt.conf "$@"; }

sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# lock_line NAME ARCH: "version sha256" of packages.lock, or nothing.
lock_line() { awk -v n="$1" -v a="$2" '$1 == n && $2 == a { print $3, $4 }' "$HS_LOCK"; }

lock_write() { # NAME ARCH VERSION SHA256
  (
    flock 9
    { awk -v n="$1" -v a="$2" '!($1 == n && $2 == a)' "$HS_LOCK"; printf '%s %s %s %s\n' "$@"; } | sort -u >"$HS_LOCK.new"
    mv "$HS_LOCK.new" "$HS_LOCK"
  ) 9<"$HS_RECIPE"
}

newest_version() { # NAME ARCH
  apt_setup
  local name=$1
  case $2 in
    source) apt_private apt-cache showsrc --only-source "$name" | awk '/^Version:/ { print $2 }' | sort -V | tail -n 1 ;;
    all) apt_private apt-cache show --no-all-versions "$name" | awk '/^Version:/ { print $2; exit }' ;;
    *) apt_private apt-cache show --no-all-versions "$name:$2" | awk '/^Version:/ { print $2; exit }' ;;
  esac
}

gone() { die "the archive no longer has $1 ($2) $3, which packages.lock pins; 'images/build.sh --update' takes the newest"; }

# fetch_deb NAME ARCH: prints the path of the pinned binary package, its SHA-256 verified. ARCH: i386, amd64 or all.
fetch_deb() {
  local name=$1 arch=$2 version sha file pinned wanted
  echo "$name $arch" >>"$HS_WORK/origin/${HS_VOLUME:-tools}"
  pinned=$(lock_line "$name" "$arch")
  if [ "$HS_UPDATE" = 1 ] || [ -z "$pinned" ]; then
    [ "$HS_UPDATE" = 1 ] || die "packages.lock does not pin $name ($arch); run images/build.sh --update"
    version=$(newest_version "$name" "$arch")
    [ -n "$version" ] || die "no package $name ($arch) in the archive"
    sha=
    if [ "${pinned%% *}" = "$version" ]; then sha=${pinned#* }; fi
  else
    read -r version sha <<<"$pinned"
  fi
  file=$HS_CACHE/debs/${name}_${version//:/%3a}_$arch.deb
  if [ ! -e "$file" ] || { [ -n "$sha" ] && [ "$(sha256_of "$file")" != "$sha" ]; }; then
    apt_setup
    wanted=$name:$arch=$version
    if [ "$arch" = all ]; then wanted=$name=$version; fi
    local into
    into=$(mktemp -d "$HS_WORK/fetch.XXXXXX")
    (cd "$into" && apt_private apt-get -q -q download "$wanted" >&2) || gone "$name" "$arch" "$version"
    mv "$into"/*.deb "$file"
    rmdir "$into"
  fi
  if [ -z "$sha" ]; then sha=$(sha256_of "$file"); fi
  [ "$(sha256_of "$file")" = "$sha" ] || die "$name ($arch) $version does not have the SHA-256 of packages.lock"
  if [ "$pinned" != "$version $sha" ]; then lock_write "$name" "$arch" "$version" "$sha"; fi
  printf '%s\n' "$file"
}

# prefetch_debs: downloads what packages.lock pins in one go; whatever is missing afterwards fetch_deb names.
prefetch_debs() {
  local name arch version sha wanted=() into
  while read -r name arch version sha; do
    case $arch in source | upstream) continue ;; esac
    [ -e "$HS_CACHE/debs/${name}_${version//:/%3a}_$arch.deb" ] && continue
    if [ "$arch" = all ]; then wanted+=("$name=$version"); else wanted+=("$name:$arch=$version"); fi
  done <"$HS_LOCK"
  [ ${#wanted[@]} -gt 0 ] || return 0
  apt_setup
  say "downloading ${#wanted[@]} packages"
  into=$(mktemp -d "$HS_WORK/fetch.XXXXXX")
  (cd "$into" && apt_private apt-get -q -q download "${wanted[@]}" >&2) || true
  find "$into" -name '*.deb' -exec mv -t "$HS_CACHE/debs" {} +
  rm -rf "$into"
}

# fetch_src NAME: prints the folder holding the pinned source package (.dsc and what it names); the lock's SHA-256 is the
# .dsc's, which carries those of the other files.
fetch_src() {
  local name=$1 version sha folder pinned dsc
  echo "$name source" >>"$HS_WORK/origin/${HS_VOLUME:-tools}"
  pinned=$(lock_line "$name" source)
  if [ "$HS_UPDATE" = 1 ]; then
    version=$(newest_version "$name" source)
    sha=
  else
    [ -n "$pinned" ] || die "packages.lock does not pin the source of $name; run images/build.sh --update"
    read -r version sha <<<"$pinned"
  fi
  folder=$HS_CACHE/sources/${name}_${version//:/%3a}
  if ! ls "$folder"/*.dsc >/dev/null 2>&1; then
    apt_setup
    mkdir -p "$folder"
    (cd "$folder" && apt_private apt-get -q -q source --download-only --only-source "$name=$version" >&2) || {
      rm -rf "$folder"
      gone "$name" source "$version"
    }
  fi
  dsc=$(ls "$folder"/*.dsc)
  if [ -z "$sha" ]; then sha=$(sha256_of "$dsc"); fi
  [ "$(sha256_of "$dsc")" = "$sha" ] || die "the source of $name $version does not have the SHA-256 of packages.lock"
  (cd "$folder" && awk '/^Checksums-Sha256:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $1 "  " $3 }' "$dsc" |
    sha256sum --quiet --check) >&2 || die "a file of the source of $name $version is damaged"
  if [ "$pinned" != "$version $sha" ]; then lock_write "$name" source "$version" "$sha"; fi
  printf '%s\n' "$folder"
}

# fetch_upstream NAME: prints the path of the upstream tarball of a source package, alone, from the archive's pool; the lock's
# SHA-256 is the tarball's, and --update leaves it. For what is wanted of another suite than this machine's.
fetch_upstream() {
  local name=$1 pinned version sha file uri
  echo "$name upstream" >>"$HS_WORK/origin/${HS_VOLUME:-tools}"
  pinned=$(lock_line "$name" upstream)
  [ -n "$pinned" ] || die "packages.lock does not pin the upstream tarball of $name"
  read -r version sha <<<"$pinned"
  file=$HS_CACHE/sources/${name}_$version.orig.tar.xz
  if [ ! -e "$file" ] || [ "$(sha256_of "$file")" != "$sha" ]; then
    apt_setup
    for uri in $(apt_private apt-get indextargets --format '$(REPO_URI)' | grep -v security | sort -u); do
      apt_private /usr/lib/apt/apt-helper download-file "${uri%/}/pool/main/${name:0:1}/$name/${file##*/}" "$file" "SHA256:$sha" >&2 && break
    done
    [ -e "$file" ] || gone "$name" upstream "$version"
  fi
  [ "$(sha256_of "$file")" = "$sha" ] || die "the tarball of $name $version does not have the SHA-256 of packages.lock"
  printf '%s\n' "$file"
}

# extract_deb FILE DIR: unpacks a binary package's files, no maintainer scripts.
extract_deb() {
  mkdir -p "$2"
  dpkg-deb --extract "$1" "$2"
}

# normalise_times DIR: every file, folder and link gets the one time stamp.
normalise_times() { find "$1" -print0 | xargs -0 touch --no-dereference --date "@$SOURCE_DATE_EPOCH"; }

# pack: standard input as gzip, the same bytes every time; 4 % smaller than gzip -9, and no slower. Browsers unpack it natively.
pack() {
  local whole
  whole=$(mktemp "$HS_WORK/pack.XXXXXX")
  cat >"$whole"
  libdeflate-gzip -11 -c "$whole"
  rm "$whole"
}

# make_squashfs DIR OUT: a volume whose bytes depend on DIR's names, modes and contents alone; all owned by root.
make_squashfs() {
  rm -f "$2"
  normalise_times "$1"
  env -u SOURCE_DATE_EPOCH mksquashfs "$1" "$2" -comp zstd -Xcompression-level 19 -b 128K -all-root -no-xattrs -no-exports \
    -all-time "$SOURCE_DATE_EPOCH" -mkfs-time "$SOURCE_DATE_EPOCH" -noappend -no-progress -quiet >&2
}

# musl_setup: a 32-bit compiler against musl and the kernel's user headers; sets HS_CC. Debian's musl package has no such
# compiler for amd64, so its own specs file is rewritten to the unpacked folder.
musl_setup() {
  local root=$HS_WORK/musl
  HS_CC="$root/cc"
  [ -e "$root/cc" ] && return
  extract_deb "$(fetch_deb musl-dev i386)" "$root"
  extract_deb "$(fetch_deb linux-libc-dev i386)" "$root/kernel"
  cat >"$root/specs" <<SPECS
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem $root/usr/include/i386-linux-musl -isystem $root/kernel/usr/include -isystem $root/kernel/usr/include/i386-linux-gnu -isystem include%s %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $root/usr/include/i386-linux-musl -isystem $root/kernel/usr/include -isystem $root/kernel/usr/include/i386-linux-gnu -isystem include%s

*link_libgcc:
-L$root/usr/lib/i386-linux-musl -L .%s

*libgcc:
libgcc.a%s libgcc_eh.a%s

*startfile:
$root/usr/lib/i386-linux-musl/crt1.o $root/usr/lib/i386-linux-musl/crti.o crtbeginT.o%s

*endfile:
crtend.o%s $root/usr/lib/i386-linux-musl/crtn.o

*link:
-m elf_i386 -nostdlib -static -z noexecstack

*esp_link:


*esp_options:


*esp_cpp_options:


SPECS
  cat >"$root/cc" <<CC
#!/bin/sh
exec gcc -m32 -specs "$root/specs" -fno-pie -no-pie -static -ffile-prefix-map="$HS_WORK=/build" "\$@"
CC
  chmod +x "$root/cc"
}
