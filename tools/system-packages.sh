#!/bin/sh
# Install the system libraries that are missing, by apt, where that is allowed; otherwise print the one command.
# usage: tools/system-packages.sh pdf [test]
set -u
missing=""
need() { # library or program, package
    case "$1" in
        lib*) ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2" ;;
        *) command -v "$1" >/dev/null 2>&1 || missing="$missing $2" ;;
    esac
}
for kind in "$@"; do
    case "$kind" in
        pdf)
            need libpango-1.0.so.0 libpango-1.0-0
            need libpangoft2-1.0.so.0 libpangoft2-1.0-0
            need libharfbuzz-subset.so.0 libharfbuzz-subset0
            ;;
        test)
            need chromium chromium
            need pdftoppm poppler-utils
            need qpdf qpdf
            need pg_lsclusters postgresql
            need libGL.so.1 libgl1      # OpenCV, which the published corruptions are computed with
            ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo"; else
    echo "Missing system packages; run: sudo apt-get install -y$missing"
    exit 1
fi
echo "Installing system packages:$missing"
# shellcheck disable=SC2086
{ $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
    >/dev/null 2>&1 || { echo "That did not work; run: sudo apt-get install -y$missing"; exit 1; }
