#!/usr/bin/env bash
# Unpacks Vulkan drivers that compute on the CPU (Mesa's lavapipe) beside the system, for tests on a machine without a GPU:
#   test/devices/drivers.sh [DIRECTORY]
# DIRECTORY/mesa has the one of Debian's backports, as Debian 12's own is too old for Dawn. What it needs comes with Debian's package:
# apt-get install mesa-vulkan-drivers. DIRECTORY/dawn has a newer one, which has matrix units, and Dawn with the stable webgpu.h, from
# Debian's next release, with the C library of that release: DIRECTORY/dawn/run runs a program with all of them, and stops it where
# Vulkan's validation layer finds an error.
set -euo pipefail
dir=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")}")
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# fetch NAME SUITE... -- APT-GET-ARGUMENT...: download packages of those suites, the last one first, and unpack them to $work/NAME/root.
fetch() {
  local name=$1 suites=()
  shift
  while [[ $1 != -- ]]; do suites+=("$1") && shift; done
  shift
  local at=$work/$name
  mkdir -p "$at/lists/partial" "$at/archives/partial"
  : >"$at/status" # no package counts as installed
  printf "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n" "${suites[@]}" >"$at/sources.list"
  local apt=(apt-get -q -o Dir::Etc::sourcelist="$at/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$at/lists"
    -o Dir::State::status="$at/status" -o Dir::Cache="$at" -o APT::Sandbox::User=root -o APT::Install-Recommends=false -t "${suites[-1]}")
  "${apt[@]}" update
  (cd "$at/archives" && "${apt[@]}" "$@")
  local deb
  for deb in "$at"/archives/*.deb; do dpkg -x "$deb" "$at/root"; done
}

icd() { # icd LIBRARY FILE: describe a driver to the loader of Vulkan
  printf '{"ICD": {"api_version": "1.4.305", "library_path": "%s"}, "file_format_version": "1.0.0"}\n' "$1" >"$2"
}

unpack_mesa() {
  fetch mesa "$VERSION_CODENAME" "$VERSION_CODENAME-backports" -- download mesa-vulkan-drivers libvulkan1 libdrm2 libdrm-amdgpu1
  local to=$dir/mesa missing
  mkdir -p "$to"
  cp -a "$work"/mesa/root/usr/lib/*/{libvulkan.so*,libdrm*.so*,libvulkan_lvp.so} "$to"
  if missing=$(LD_LIBRARY_PATH=$to ldd "$to/libvulkan_lvp.so" | grep 'not found'); then
    printf 'lavapipe lacks:\n%s\napt-get install mesa-vulkan-drivers has them\n' "$missing" >&2
    return 1
  fi
  icd "$to/libvulkan_lvp.so" "$to/lvp_icd.json"
}

unpack_dawn() {
  fetch dawn forky -- install -y --download-only libwebgpu-dawn0 mesa-vulkan-drivers libvulkan1 \
    vulkan-validationlayers
  local to=$dir/dawn loader
  rm -rf "$to"
  mkdir -p "$to"
  cp -a "$work"/dawn/root/usr/lib/*/*.so* "$work"/dawn/root/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json "$to"
  find "$to" -name 'libvulkan_*' -not -name libvulkan_lvp.so -delete
  loader=$(echo "$work"/dawn/root/usr/lib*/ld-linux-*)
  loader=$to/$(basename "$loader")
  test -x "$loader"
  icd "$to/libvulkan_lvp.so" "$to/lvp_icd.json"
  cat >"$to/run" <<RUN
#!/bin/sh
export VK_DRIVER_FILES="$to/lvp_icd.json" VK_LAYER_PATH="$to" VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
export VK_KHRONOS_VALIDATION_VALIDATE_SYNC=true VK_KHRONOS_VALIDATION_DEBUG_ACTION=VK_DBG_LAYER_ACTION_LOG_MSG,VK_DBG_LAYER_ACTION_BREAK
exec "$loader" --library-path "$to" "\$@"
RUN
  chmod +x "$to/run"
}

[[ -f $dir/mesa/lvp_icd.json ]] || unpack_mesa
[[ -f $dir/dawn/run ]] || unpack_dawn
