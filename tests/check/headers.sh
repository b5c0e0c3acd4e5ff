#!/bin/sh
# headers.sh SOURCE: every header compiles alone: the public ones as strict C11, those of
# src/ with what the build sees. Bodies that kernels include after their parameters are none.
source=$1
status=0
flags="-std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c -D_POSIX_C_SOURCE=200809L"

for header in "$source"/include/kao/*.h; do
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -I "$source/include" -include "$header" /dev/null || {
        echo "does not compile alone: $header"
        status=1
    }
done
cd "$source/src" || exit 1 # names inside have no spaces; the way to the source may have
# libraries whose headers are not asked for: where they are not, what stands on them is not looked at
without=
for pair in cli/sdl.h:SDL2/SDL.h cli/mosquitto.h:mosquitto.h gallery/pq.h:libpq-fe.h gallery/postgres.h:libpq-fe.h; do
    echo "#include <${pair#*:}>" | ${CC:-cc} -fsyntax-only -x c - 2>/dev/null || without="$without ./${pair%%:*}"
done
n=0
for header in $(find . -name '*.h' ! -name '*_body.h' ! -path '*/kernels/vec/*' \
    ! -path '*/kernels/x86/*' ! -path '*/kernels/arm/*'); do
    case " $without " in *" $header "*) continue ;; esac
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -I ../include -I . -include "$header" /dev/null || {
        echo "does not compile alone: src/$header"
        status=1
    }
    n=$((n + 1))
done
echo "$n headers of src/"
exit $status
