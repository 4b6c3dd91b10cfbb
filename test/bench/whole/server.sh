# shellcheck shell=sh disable=SC2034 # $archives is for the caller
# For test/bench/whole.sh, idle.sh and crowd.sh, which read it with `. test/bench/whole/server.sh`: the server their
# clients meet is $bin/runner then, with $bin/cert.pem and $bin/key.pem; $archives are those of mbedTLS; `host NAME` makes
# $bin/NAME of NAME.c, which uses parley.
src=$PWD/test/bench/whole
bin=$BUILD/bench/whole
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)
./build.sh deps libssl-dev
$CC -std=gnu11 -O2 "$src/runner.c" -o "$bin/runner" -lssl -lcrypto -lpthread
[ -f "$bin/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$bin/key.pem" \
    -out "$bin/cert.pem" -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
archives=$(for lib in mbedtls mbedx509 mbedcrypto; do $CC -print-file-name=lib$lib.a; done)
host() {
    ./build.sh make "$BUILD/lib/libparley.a"
    # shellcheck disable=SC2086 # lists of words
    $CC -std=gnu11 $CFLAGS -I. "$src/$1.c" "$BUILD/lib/libparley.a" -o "$bin/$1" -lwslay $archives -lz
}
