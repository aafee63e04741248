@echo on
rem For Windows itself, with Microsoft's compiler; not tried by this project yet, which has no such machine.
rem SASL on Windows is the system's own SSPI, so GSSAPI needs no cyrus-sasl. Options that CMake does not hand on are
rem said to the compiler; build-win.sh, for Windows from elsewhere, says the same.
set "CFLAGS=%CFLAGS% -DWITH_CURL=1 -DWITH_OAUTHBEARER_OIDC=1 -DWITH_LZ4_EXT=1 -DWITH_HDRHISTOGRAM=1"
cmake -G Ninja -S . -B build ^
  %CMAKE_ARGS% ^
  -DCMAKE_BUILD_TYPE=Release ^
  -DCMAKE_INSTALL_PREFIX="%LIBRARY_PREFIX%" ^
  -DCMAKE_PREFIX_PATH="%LIBRARY_PREFIX%" ^
  -DRDKAFKA_BUILD_STATIC=OFF ^
  -DRDKAFKA_BUILD_EXAMPLES=OFF ^
  -DRDKAFKA_BUILD_TESTS=OFF ^
  -DWITHOUT_WIN32_CONFIG=ON ^
  -DWITH_ZLIB=ON ^
  -DWITH_ZSTD=ON ^
  -DWITH_SNAPPY=ON ^
  -DWITH_SSL=ON ^
  -DWITH_CURL=ON ^
  -DWITH_SASL=ON ^
  -DWITH_PLUGINS=ON ^
  -DENABLE_LZ4_EXT=ON
if errorlevel 1 exit 1

cmake --build build --parallel %CPU_COUNT%
if errorlevel 1 exit 1

cmake --install build
if errorlevel 1 exit 1

cmake -DBUILD=build -DPREFIX="%LIBRARY_PREFIX%" -P "%RECIPE_DIR%\cmake\windows.cmake"
if errorlevel 1 exit 1
