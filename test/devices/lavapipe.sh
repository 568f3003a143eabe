#!/usr/bin/env bash
# Unpacks Mesa's Vulkan driver that computes on the CPU (lavapipe) beside the system, for tests on a machine without a GPU:
#   test/devices/lavapipe.sh [DIRECTORY]
# Debian 12 has it too old for Dawn, its backports have 25.0. What the driver itself needs comes with Debian's own package:
# apt-get install mesa-vulkan-drivers.
set -euo pipefail
dir=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/mesa}")
[[ -f $dir/lvp_icd.json ]] && exit 0
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-backports"; do
  echo "deb $signed http://deb.debian.org/debian $suite main"
done >"$work/sources.list"
apt=(apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -t "$VERSION_CODENAME-backports")
"${apt[@]}" update
(cd "$work/debs" && "${apt[@]}" download mesa-vulkan-drivers libvulkan1 libdrm2 libdrm-amdgpu1)
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
mkdir -p "$dir"
cp -a "$work"/root/usr/lib/*/libvulkan.so* "$work"/root/usr/lib/*/libdrm*.so* "$work"/root/usr/lib/*/libvulkan_lvp.so "$dir"
if missing=$(LD_LIBRARY_PATH=$dir ldd "$dir/libvulkan_lvp.so" | grep 'not found'); then
  printf 'lavapipe lacks:\n%s\napt-get install mesa-vulkan-drivers has them\n' "$missing" >&2
  exit 1
fi
printf '{"ICD": {"api_version": "1.4.305", "library_path": "%s"}, "file_format_version": "1.0.0"}\n' "$dir/libvulkan_lvp.so" >"$dir/lvp_icd.json"
