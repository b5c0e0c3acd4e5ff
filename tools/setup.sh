# Sourced by ./run and ./test: Debian packages and build folders. POSIX sh.
# All packages are named outright: recommended ones may not come.

build_packages="gcc libc6-dev meson ninja-build pkg-config python3 libcurl4-gnutls-dev libexpat1-dev libgnutls28-dev \
libjansson-dev libjpeg-dev libmicrohttpd-dev libpng-dev libqrencode4 libsodium-dev libsqlite3-dev libwebp-dev libzip-dev"
# for video: what the commands watch and its kin need beside
video_packages="libavcodec-dev libavformat-dev libavutil-dev libmosquitto-dev libswscale-dev"
# for galleries on a PostgreSQL server: tried, not demanded
postgres_packages="libpq-dev"
test_packages="$build_packages $video_packages binutils clang-14 clang-format-14 g++ libclang-rt-14-dev libcmocka-dev \
libgdk-pixbuf-2.0-0 libpangocairo-1.0-0 fonts-dejavu-core fonts-lohit-deva fonts-noto-cjk"
# Not asked for, as Debian starts them at once: where they are, ./test starts its own, of postgresql (galleries on
# a server), mosquitto with mosquitto-clients (kao watch --mqtt); gir1.2-gst-rtsp-server-1.0 with python3-gi and
# gstreamer1.0-plugins-good and -bad has streams, libsdl2-dev the window.
# Not asked for either: where they are, ./test also builds for arm64 and runs that by an emulator.
#   dpkg --add-architecture arm64 && apt-get update && apt-get install PACKAGES
arm64_packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross libcmocka-dev:arm64 libexpat1-dev:arm64 \
libjansson-dev:arm64 libjpeg62-turbo-dev:arm64 libpng-dev:arm64 libsodium-dev:arm64 libsqlite3-dev:arm64 libwebp-dev:arm64 \
qemu-user-static"

say() {
    printf '%s\n' "$*" >&2
}

# Print those of the packages that are not installed.
missing_packages() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
        case $state in
        ?i*) ;; # installed, whatever is wanted of it: also on hold
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Install what is missing; stops with a line that says what to do where that is not possible.
need_packages() {
    command -v dpkg-query >/dev/null 2>&1 || {
        say "This is no Debian: install what these packages hold, then go on: $*"
        return 0
    }
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null 2>&1; then
            as_root=sudo
        else
            say "Missing packages, and no sudo here. As root: apt-get install $missing"
            exit 3
        fi
    fi
    say "Installing: $missing"
    # shellcheck disable=SC2086 # lists of words
    said=$({ $as_root apt-get -qq update &&
        DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install -y \
            --no-install-recommends $missing; } 2>&1) || {
        printf '%s\n' "$said" | grep '^E:' | tail -n 3 >&2
        say "The packages could not be installed. Without a network, put them in place first:"
        say "  $missing"
        exit 3
    }
}

# need_build FOLDER MESON-OPTION...: a configured build folder in the current one.
need_build() {
    folder=$1
    shift
    [ -w . ] || {
        say "$(pwd): not writable, and build folders go there. Copy it to where you can write."
        exit 4
    }
    asked="$(pwd -P) $*"
    # Anew where the sources were moved, as meson keeps full paths, where other options are asked
    # for, and where it was stopped halfway: it would find its own files there and do nothing.
    [ ! -f "$folder/source" ] ||
        { [ "$(cat "$folder/source")" = "$asked" ] && [ -f "$folder/build.ninja" ]; } ||
        rm -rf "$folder"
    [ ! -f "$folder/build.ninja" ] || return 0
    mkdir -p "$folder" && printf '%s\n' "$asked" >"$folder/source" || exit 4
    meson setup "$folder" "$@" >"$folder/setup.log" 2>&1 || {
        cat "$folder/setup.log" >&2
        say "The build could not be set up."
        exit 4
    }
}
