#!/usr/bin/env bash
# Builds the flash: every volume of images/flash and images/manifest.json, from Debian packages pinned in
# images/recipe/packages.lock. On Debian 12, as root. The same bytes every time.
#
#   images/build.sh                      build with the pinned packages, replace images/flash and the manifest; the kernel
#                                        is the committed one where neither its recipe nor a tool has changed
#   images/build.sh --kernel             the same with the kernel, whatever has changed
#   images/build.sh --check              build elsewhere and compare with the manifest; exit 1 naming each volume that differs
#   images/build.sh --check --ci         the same without the kernel, unless something under its recipe changed
#   images/build.sh --update             take the newest packages, rewrite the lock, the volumes and the manifest
#
# Environment: HS_CACHE=folder keeps downloads between runs; HS_WORK=folder keeps the scratch folder.
keep_work=${HS_WORK:-}
usage() { sed -n '2,/^# Environment/p' "$0" | sed 's/^# \{0,1\}//' >&2; }
check=0 userland=0 update=0 kernel=0
for word in "$@"; do
  case $word in
    --check) check=1 ;;
    --ci | --userland) userland=1 ;;
    --update) update=1 ;;
    --kernel) kernel=1 ;;
    --help) usage; exit 0 ;;
    *) usage; exit 64 ;;
  esac
done
if [ $((check + update + kernel)) -gt 1 ] || [ "$userland" -gt "$check" ]; then
  usage
  exit 64
fi
if [ "$(id -u)" != 0 ] || ! grep -qs '^VERSION_ID="12"' /etc/os-release || ! grep -qs '^ID=debian' /etc/os-release; then
  echo "images: this needs root on Debian 12 (a container will do)" >&2
  exit 1
fi
export HS_UPDATE=$update
. "$(dirname "$0")/recipe/common.sh"
if [ -z "$keep_work" ]; then trap 'rm -rf "$HS_WORK"' EXIT; fi
rm -rf "$HS_OUT" "$HS_WORK/origin"
mkdir -p "$HS_OUT" "$HS_WORK/origin"

tool_versions() { xargs dpkg-query --show --showformat '${binary:Package} ${Version}\n' <"$HS_RECIPE/tools" 2>/dev/null | sed 's/:amd64 / /' | sort; }

install_tools() {
  local missing
  missing=$(comm -23 "$HS_RECIPE/tools" <(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }' | sort -u))
  if [ -n "$missing" ]; then
    say "installing" $missing
    apt-get -q -q update >&2 || true
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -q -q install --yes --no-install-recommends $missing >&2
  fi
  if [ "$check" = 0 ]; then
    cp "$HS_RECIPE/tools.lock" "$HS_WORK/tools.before"
    tool_versions >"$HS_RECIPE/tools.lock"
  elif ! tool_versions | diff "$HS_RECIPE/tools.lock" - >"$HS_WORK/tools.diff"; then
    say "these tools have other versions than when the volumes were built; bytes may differ:"
    sed 's/^/images:   /' "$HS_WORK/tools.diff" >&2
  fi
}

# What the kernel's bytes depend on.
kernel_recipe() {
  { (cd "$HS_RECIPE" && find kernel -type f ! -name built-from | sort | xargs sha256sum) && grep '^linux-source-6.1 ' "$HS_LOCK"; } | sha256sum | cut -d ' ' -f 1
}

install_tools
if [ "$update" = 0 ]; then prefetch_debs; fi

# The committed kernel is what its recipe makes: nothing of that changed, it is the file that the manifest names, and what generates,
# compiles, links and packs is what did it. A check never takes this for granted.
kernel_is_current() {
  local makers='^(bc|binutils|bison|flex|gcc|gcc-12|libdeflate-tools|make|perl|zlib1g) '
  [ "$(kernel_recipe)" = "$(cat "$HS_RECIPE/kernel/built-from")" ] &&
    cmp -s <(grep -E "$makers" "$HS_WORK/tools.before") <(grep -E "$makers" "$HS_RECIPE/tools.lock") &&
    grep -q "\"sha256\": \"$(sha256_of "$HS_IMAGES/flash/kernel.img")\"" "$HS_IMAGES/manifest.json"
}

skip_kernel=0
if [ "$userland" = 1 ] && [ "$(kernel_recipe)" = "$(cat "$HS_RECIPE/kernel/built-from")" ]; then
  say "nothing under the kernel's recipe changed: not rebuilt"
  skip_kernel=1
elif [ $((check + update + kernel)) = 0 ] && kernel_is_current; then
  say "nothing under the kernel's recipe changed: the committed one is taken"
  cp "$HS_IMAGES/flash/kernel.img" "$HS_OUT/"
  HS_VOLUME=kernel fetch_deb linux-source-6.1 all >/dev/null
else
  say "the kernel (about 5 minutes on two cores)"
  bash "$HS_RECIPE/kernel/build.sh"
fi
say "the stub"
bash "$HS_RECIPE/stub/build.sh"
say "the firmware's ROMs and its font"
bash "$HS_RECIPE/firmware/build.sh"
say "the base"
bash "$HS_RECIPE/base/build.sh"
say "the appliances"
bash "$HS_IMAGES/appliances/build-volumes.sh" "$HS_OUT"

if [ "$check" = 1 ]; then
  skip=$skip_kernel /usr/bin/python3 "$HS_RECIPE/compare.py" "$HS_IMAGES/manifest.json" "$HS_OUT"
  exit
fi

if [ "$update" = 1 ]; then
  # Pins that nothing asked for any more.
  sort -u "$HS_WORK"/origin/* | awk 'NR == FNR { used[$1, $2] = 1; next } ($1, $2) in used' - "$HS_LOCK" >"$HS_WORK/lock.used"
  cp "$HS_WORK/lock.used" "$HS_LOCK"
fi
kernel_recipe >"$HS_RECIPE/kernel/built-from"
/usr/bin/python3 "$HS_RECIPE/manifest.py" "$HS_OUT" "$HS_WORK" "$HS_LOCK" "$HS_IMAGES" "$HS_WORK/packages" >"$HS_WORK/manifest.json"
rm -f "$HS_IMAGES"/flash/*
cp "$HS_OUT"/* "$HS_IMAGES/flash/"
cp "$HS_WORK/manifest.json" "$HS_IMAGES/manifest.json"
bash "$HS_RECIPE/licences.sh"
say "done: $(du -ck "$HS_IMAGES"/flash/* | tail -n 1 | cut -f 1) KiB in images/flash"
