#!/bin/sh
# GNU windres, as far as build systems call it: zig's resource compiler, which takes the options of Microsoft's.
out= in=
for argument; do
    shift
    case $previous in
        -o | --output) out=$argument previous= && continue ;;
        -I) set -- "$@" /i "$argument" && previous= && continue ;;
        -D) set -- "$@" /d "$argument" && previous= && continue ;;
        -O | -F | -J) previous= && continue ;;
    esac
    case $argument in
        -o | --output | -I | -D | -O | -F | -J) previous=$argument ;;
        -o*) out=${argument#-o} ;;
        -I*) set -- "$@" /i "${argument#-I}" ;;
        -D*) set -- "$@" /d "${argument#-D}" ;;
        -*) ;;
        *) if [ -z "$in" ]; then in=$argument; else out=$argument; fi ;;
    esac
done
exec zig rc /:output-format coff /:target x64 "$@" /fo "$out" -- "$in"
