#!/bin/sh
# `parley doctor` against servers that have a fault, each of another stage, and one that has none: the number of the
# stage, the reason, what to do about it, and nothing that is secret.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
python=/usr/bin/python3
running=
trap 'kill $running 2>/dev/null || :; rm -rf "$scratch"' EXIT

# ---- certificates, and servers ---------------------------------------------------------------------
directory=$scratch
. test/certificates.sh
good_and_bad

$python test/peer/refusals.py "$scratch" & running="$running $!"
# Each holds one conversation.
for name in fine json; do
    timeout 100 $python test/peer/service.py "$scratch/$name.port" "$scratch/good.pem" "$scratch/good.key" \
        >"$scratch/$name.verdict" 2>&1 & running="$running $!"
done
$python - >"$scratch/others" <<'PY' & running="$running $!"
import socket
import threading
import time


def serve(name, answer):
    listener = socket.create_server(("127.0.0.1", 0))
    print(name, listener.getsockname()[1], flush=True)

    def loop():
        while True:
            connection, _ = listener.accept()
            try:
                if connection.recv(4096):
                    connection.sendall(answer)
            except OSError:
                pass
            connection.close()

    threading.Thread(target=loop, daemon=True).start()


serve("proxy-407", b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
serve("proxy-403", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 19\r\n\r\n<b>not for you</b>\n")
serve("redirect", b"HTTP/1.1 302 Found\r\nLocation: https://login.test/?token=sesame\r\nContent-Length: 0\r\n\r\n")
serve("busy", b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
time.sleep(100)
PY
await [ -s "$scratch/ports" ]
await [ -s "$scratch/fine.port" ]
await [ -s "$scratch/json.port" ]
await grep -q busy "$scratch/others"
port() { cat "$scratch/ports" "$scratch/others" | sed -n "s/^$1 //p"; }

# NAME OPTION...: leaves NAME.{out,status}
doctor() {
    name=$1
    shift
    KEY=sk-test-key timeout 60 "$BUILD/bin/parley" doctor --key-env KEY "$@" >"$scratch/$name.out" 2>&1 &&
        status=0 || status=$?
    echo "$status" >"$scratch/$name.status"
}

# ---- what it says ------------------------------------------------------------------------------------

# NAME STATUS PATTERN...: the exit status, and a line for each pattern
says() {
    name=$1
    [ "$(cat "$scratch/$name.status")" = "$2" ] || { cat "$scratch/$name.status" "$scratch/$name.out" && return 1; }
    shift 2
    for pattern; do
        grep -Eq "$pattern" "$scratch/$name.out" || { echo "no: $pattern" && cat "$scratch/$name.out" && return 1; }
    done
}
seven_lines() { [ "$(grep -c '^[1-7] ' "$scratch/$1.out")" = 7 ] || { cat "$scratch/$1.out" && return 1; }; }
trust="--ca-file $scratch/ca.pem"

# shellcheck disable=SC2086 # the options are words
{
    url=wss://localhost:$(cat "$scratch/fine.port")/v1
    doctor fine --url "$url" $trust --query 'token=sesame'
    doctor json --url "wss://localhost:$(cat "$scratch/json.port")/v1" $trust --json
    doctor pinned --url "wss://localhost:$(port http-401)" $trust --pin "sha256/$(head -c 32 /dev/zero | base64)"
    doctor option --url "$url" --pins x
    doctor no-file --url "$url" --ca-file "$scratch/missing.pem"
    doctor no-url --url 'ftp://user:sesame@localhost'
    doctor resolve --url wss://999.1.1.1
    doctor connect --url wss://127.0.0.1:1
    doctor proxy-407 --url "$url" --proxy "http://user:sesame@127.0.0.1:$(port proxy-407)"
    doctor proxy-403 --url "$url" --proxy "http://127.0.0.1:$(port proxy-403)"
    doctor wrong-name --url "wss://localhost:$(port wrong-name)" $trust
    doctor stranger --url "wss://localhost:$(port stranger)" $trust
    doctor expired --url "wss://localhost:$(port expired)" $trust
    doctor no-tls --url "wss://localhost:$(port busy)" $trust
    doctor key --url "wss://localhost:$(port http-401)" $trust
    doctor redirect --url "ws://localhost:$(port redirect)"
    doctor busy --url "ws://localhost:$(port busy)"
    doctor silent --url "wss://localhost:$(port silent-tls)" $trust
}

check 'nothing is wrong' says fine 0 '^1 setup    ok .*with a key' '^2 resolve  ok .*127\.0\.0\.1:' '^3 connect  ok ' \
    '127\.0\.0\.1:[0-9]+: connected' '^4 proxy    -  .*none' '^5 tls      ok .*TLSv1\.[23], .*for localhost' \
    '^ +localhost, by Parley Test Authority, 20.* to 20.*, sha256/' '^6 upgrade  ok .*HTTP 101' '^7 session  ok .*session_updated'
check 'each address that was tried is told' says fine 0 '\[::1\]:[0-9]+: Connection refused'
check 'one line for each stage' seven_lines fine
check 'one line for each stage, of a fault as well' seven_lines stranger
check 'an option that there is not' says option 1 '^1 setup    FAILED  unknown option --pins\. What to do: '
check 'a file that is not there' says no-file 1 '^1 setup    FAILED .*missing\.pem: No such file.* What to do: check the file'
check 'a URL that is none' says no-url 1 '^1 setup    FAILED .*"ftp" is not one of'
check 'a name without an address' says resolve 2 '^2 resolve  FAILED .* What to do: check the host'
check 'nobody listens' says connect 3 '^3 connect  FAILED .*refused\. What to do: nothing listens' '^7 session  -  +not tried'
check 'a proxy that wants another password' says proxy-407 4 '^4 proxy    FAILED .*not accept.* What to do: .*USER:PASSWORD'
check 'a proxy that says no' says proxy-403 4 '^4 proxy    FAILED .*403 Forbidden: not for you\. What to do: the proxy does not'
check 'a certificate for another name' says wrong-name 5 '^5 tls      FAILED .*elsewhere\.test.* What to do: check the host' \
    '^ +elsewhere\.test, by Parley Test Authority, '
check 'an unknown authority' says stranger 5 '^5 tls      FAILED .*\(Somebody Else\).* What to do: .*--ca-file'
check 'an expired certificate' says expired 5 "^5 tls      FAILED .*expired.* What to do: check this machine's date"
check 'no TLS there' says no-tls 5 '^5 tls      FAILED '
check 'a pin that does not fit' says pinned 5 '^5 tls      FAILED .*no pin fits; seen: sha256/.* What to do: '
check 'a key that is not accepted' says key 6 '^5 tls      ok ' '^6 upgrade  FAILED .*401.* What to do: .*key'
check 'a redirect' says redirect 6 '^5 tls      - .*listen' '^6 upgrade  FAILED .*302.*login\.test/.* What to do: .*--url'
check 'too many requests' says busy 6 '^6 upgrade  FAILED .*429.* What to do: .*wait'
check 'a service that does not answer' says silent 6 '^6 upgrade  FAILED .*no answer within 15000 ms.* What to do: '
json_is_good() {
    $python - "$scratch/json.out" <<'PY'
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
assert [line["number"] for line in lines] == [1, 2, 3, 4, 5, 6, 7], lines
assert [line["verdict"] for line in lines] == ["ok", "ok", "ok", "skipped", "ok", "ok", "ok"], lines
tls = lines[4]
assert tls["version"].startswith("TLSv1.") and tls["chain"][0]["names"] == "localhost", tls
assert tls["chain"][0]["pin"].startswith("sha256/") and tls["chain"][1]["subject"] == "Parley Test Authority", tls
assert lines[5]["http_status"] == 101 and any(a["connected"] for a in lines[2]["addresses"]), lines
PY
}
check 'as JSON' json_is_good
no_secret() { ! grep -lE 'sk-test-key|sesame' "$scratch"/*.out; }
check 'no key, no password, no token is to be seen' no_secret
plan
