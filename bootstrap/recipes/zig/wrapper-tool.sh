#!/bin/sh
# ar, ranlib or ld: zig's own, which are LLVM's. Archives are deterministic (no times, no owners).
case $0 in
    *-ar) exec zig ar "$@" ;;
    *-ranlib) exec zig ranlib -D "$@" ;;
    *-ld) exec zig ld.lld "$@" ;;
esac
