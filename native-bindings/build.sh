#!/bin/sh
# Builds dist/native-bindings/br100.node: the C compiler, and the headers that came with the running node. Nothing is
# downloaded. Where one of them is missing, what travels in a packed package is taken (`build.sh --pack`, before npm pack:
# prebuilt/PLATFORM-ARCHITECTURE.node). Without that too everything but live ports works; why there are none is said in
# missing.txt, for whoever asks for one. Never fails.
cd "$(dirname "$0")/.." || exit 0
machine=$(node -p 'process.platform + "-" + process.arch')
prebuilt=native-bindings/prebuilt/$machine.node
out=dist/native-bindings
mkdir -p "$out"
rm -f "$out/missing.txt"

missing() {
  rm -f "$out/br100.node"
  [ ! -f "$prebuilt" ] || ! cp "$prebuilt" "$out/br100.node" || exit 0
  echo "$1" > "$out/missing.txt"
  exit 0
}

[ "$(uname -s)" = Linux ] || missing 'live ports need Linux'
cc=${CC:-cc}
command -v "$cc" > /dev/null || missing "no C compiler ($cc): install gcc and libc6-dev, then run npm rebuild"
prefix=$(node -p 'require("path").resolve(process.execPath, "../..")')
for include in "$prefix/include/node" /usr/include/nodejs/src ''; do
  [ -z "$include" ] || [ ! -f "$include/node_api.h" ] || break
done
[ -n "$include" ] || missing "no headers of Node ($prefix/include/node/node_api.h): install libnode-dev, then run npm rebuild"
"$cc" -std=gnu11 -O2 -Wall -Wextra -shared -fPIC -fvisibility=hidden -I"$include" \
  -o "$out/br100.node" native-bindings/*.c 2> "$out/cc.log" ||
  missing "$cc failed (dist/native-bindings/cc.log): $(grep -m 1 'error' "$out/cc.log")"
rm -f "$out/cc.log"
[ "$1" != --pack ] || { mkdir -p "$(dirname "$prebuilt")" && cp "$out/br100.node" "$prebuilt"; }
