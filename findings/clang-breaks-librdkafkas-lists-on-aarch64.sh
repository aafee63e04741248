#!/usr/bin/env bash
# librdkafka 2.15.1 (as @confluentinc/kafka-javascript 1.10.1 carries it) and ziglang 0.17.1, whose Clang tells pointers
# to different structs apart when it asks what may be the same memory (-fpointer-tbaa, on by default since Clang 20).
# queue.h reads the pointer before a list's element as if it stood in a list's head (TAILQ_LAST, TAILQ_PREV), another
# struct. Compiled for aarch64 at -O2, the list that librdkafka's own unit test joins of three (ut_tq_test in
# rdunittest.c, with the macros that join its lists of messages) cannot be walked backwards any more. It can with
# -fno-strict-aliasing or -Xclang -no-pointer-tbaa, and on x86_64 with or without them.
# Seen: aarch64 "REVERSE: Element idx 4/7 in tqh[0] has value 4, expected 3"; the other four: all in order.
# Here the test stops at the first wrong element.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet ziglang==0.17.1
npm pack --silent @confluentinc/kafka-javascript@1.10.1 >pack.log
tar -xzf confluentinc-kafka-javascript-1.10.1.tgz package/deps/librdkafka/src
src=package/deps/librdkafka/src
arm=()
if [ "$(uname -m)" != aarch64 ]; then
  apt-get download -qq qemu-user-static 2>apt.log
  dpkg-deb -x qemu-user-static_*.deb qemu
  arm=(qemu/usr/bin/qemu-aarch64-static)
fi
cat >test.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define rd_malloc malloc
#define rd_calloc calloc
#define rd_free free
#define RD_ARRAYSIZE(A) (sizeof(A) / sizeof(*(A)))
#define RD_UT_SAY(...) ((void)0)
#define RD_UT_WARN(...) (printf(__VA_ARGS__), puts(""), exit(1))
#define RD_UT_ASSERT(expression, ...) ((expression) ? (void)0 : (void)(printf(__VA_ARGS__), puts(""), exit(1)))
#define RD_UT_PASS() return 0
#include "queue.h"
#include "rdsysqueue.h"
C
# the library's own test of its lists, from the first struct of it to the end of its last function
sed -n '/^struct ut_tq {/,/^static int unittest_sysqueue/p' "$src/rdunittest.c" | sed '$d' >>test.c
sed -n '/^static int unittest_sysqueue/,/^}/p' "$src/rdunittest.c" >>test.c
echo 'int main(void) { return unittest_sysqueue() ? 1 : (puts("all in order"), 0); }' >>test.c
try() { # PROCESSOR OPTION...
  python/bin/python -m ziglang cc -target "$1-linux-musl" -O2 -fPIC -w "${@:2}" -I"$src" test.c -o "test.$1"
  local run=()
  [ "$1" != aarch64 ] || run=("${arm[@]}")
  echo "$*: $("${run[@]}" "./test.$1")"
}
try aarch64 | tee seen || true
try aarch64 -fno-strict-aliasing | tee -a seen
try aarch64 -Xclang -no-pointer-tbaa | tee -a seen
if [ "$(uname -m)" = x86_64 ]; then
  try x86_64 | tee -a seen
fi
grep -q '^aarch64: REVERSE: Element idx' seen || { echo "the behaviour has changed: the list is whole"; exit 1; }
test "$(grep -c 'all in order' seen)" -ge 2
