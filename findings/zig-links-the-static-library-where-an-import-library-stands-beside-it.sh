#!/usr/bin/env bash
# ziglang 0.17.1, target x86_64-windows-gnu: for -lfoo, `zig cc` does not look at libfoo.dll.a, which GNU ld and lld take
# first for this target. Where libfoo.a stands beside it, that is linked in silence: the program carries a private copy
# of the library and never loads foo.dll. Without libfoo.a the library is "not found", though libfoo.dll.a is there.
# Under the name foo.lib the same import library is taken.
# Seen: with both files no import of foo.dll; without libfoo.a an error; with foo.lib an import of foo.dll.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet ziglang==0.17.1 lief==1.0.0
zig=("$room/python/bin/python" -m ziglang)
target=(-target x86_64-windows-gnu)
echo '__declspec(dllexport) int answer(void) { return 42; }' > foo.c
echo 'int answer(void); int main(void) { return answer() - 42; }' > main.c
mkdir both import renamed
"${zig[@]}" cc "${target[@]}" -O2 -shared foo.c -o foo.dll -Wl,--out-implib="$room/import/libfoo.dll.a"
"${zig[@]}" cc "${target[@]}" -O2 -c foo.c -o foo.o
cp import/libfoo.dll.a both/
"${zig[@]}" ar rcs both/libfoo.a foo.o
cp import/libfoo.dll.a renamed/foo.lib
for folder in both import renamed; do
  "${zig[@]}" cc "${target[@]}" -O2 main.c -L"$folder" -lfoo -o "$folder.exe" 2>"$folder.log" || head -1 "$folder.log"
done
cat > look.py <<'PYTHON'
import lief


def imports_it(name):
    program = lief.PE.parse(f"{name}.exe")
    return "foo.dll" in [each.name for each in program.imports]


seen = {name: imports_it(name) for name in ("both", "renamed")}
print("imports foo.dll:", seen)
assert seen == {"both": False, "renamed": True}, "the behaviour has changed"
PYTHON
python/bin/python look.py
test ! -e import.exe || { echo "the behaviour has changed: libfoo.dll.a alone is found"; exit 1; }
grep -q "foo" import.log
