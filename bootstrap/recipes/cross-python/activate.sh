# Sourced when a build environment is activated. $PREFIX is the host environment, $CONDA_PREFIX this one.
if [ "${CONDA_BUILD:-0}" = 1 ] && ls "$PREFIX"/conda-meta/python-3.*.json > /dev/null 2>&1; then
    _version=$(basename "$(ls "$PREFIX"/conda-meta/python-3.*.json)")
    _version=${_version#python-}
    _version=$(echo "${_version%%-*}" | cut -d. -f1,2)
    case @TARGET_PLATFORM@ in
        # a Python for Windows has no bin/: what is made there would be packed
        win-*) _site="$PREFIX/Lib/site-packages" _bin="$CONDA_PREFIX/share/cross-python/bin" ;;
        *) _site="$PREFIX/lib/python$_version/site-packages" _bin="$PREFIX/bin" ;;
    esac
    # The variables that the host's Python was built with; on Windows they come with this package.
    cp "$PREFIX/lib/python$_version"/_sysconfigdata_*.py "$CONDA_PREFIX/share/cross-python/lib/" 2> /dev/null || true
    _data=$(basename "$(ls "$CONDA_PREFIX"/share/cross-python/lib/_sysconfigdata_*.py)" .py)

    # The script that stands for the host's Python. What it starts inherits the variables, and so builds alike.
    mkdir -p "$_bin"
    rm -f "$_bin/python" "$_bin/python3" "$_bin/python$_version"
    cat > "$_bin/python$_version" <<END
#!/bin/sh
PYTHONPATH='$CONDA_PREFIX/share/cross-python/lib:$_site'
PYTHONNOUSERSITE=1
CROSS_PYTHON_PREFIX='$PREFIX'
CROSS_PYTHON_PROGRAM='$_bin/python'
_PYTHON_HOST_PLATFORM='@HOST_PLATFORM@'
_PYTHON_SYSCONFIGDATA_NAME='$_data'
export PYTHONPATH PYTHONNOUSERSITE CROSS_PYTHON_PREFIX CROSS_PYTHON_PROGRAM _PYTHON_HOST_PLATFORM _PYTHON_SYSCONFIGDATA_NAME
exec '$CONDA_PREFIX/bin/python$_version' "\$@"
END
    chmod 755 "$_bin/python$_version"
    ln -s "python$_version" "$_bin/python3"
    ln -s "python$_version" "$_bin/python"
    export PYTHON="$_bin/python"
    export SP_DIR="$_site"
    unset _version _site _bin _data
fi
