# shellcheck shell=sh disable=SC2154 # $scratch, $begin and $end are of what is read here or before
# For conversation.sh and proxy.sh, which read it with `. test/converse.sh` behind test/check.sh: whole
# conversations with service.py, which has a certificate for localhost.
python=/usr/bin/python3
directory=$scratch
. test/certificates.sh
root ca 'Test Authority'
issue server ca localhost "$begin" "$end" subjectAltName=DNS:localhost
$python test/peer/speech.py "$scratch/user.wav"

# NAME SCHEME PROGRAM OPTION...: leaves NAME.{out,err,wav,status,verdict,port} in $scratch
converse() {
    name=$1 scheme=$2 program=$3 pem='' key='' trust=''
    shift 3
    [ "$scheme" = ws ] || pem=$scratch/server.pem key=$scratch/server.key trust="--ca-file $scratch/ca.pem"
    # shellcheck disable=SC2086 # no certificate, no words
    timeout 100 $python test/peer/service.py "$scratch/$name.port" $pem $key >"$scratch/$name.verdict" 2>&1 &
    service=$!
    await [ -s "$scratch/$name.port" ]
    # shellcheck disable=SC2086
    KEY=sk-test-key timeout 90 ${RUN-} "$program" talk --url "$scheme://localhost:$(cat "$scratch/$name.port")/v1" $trust \
        --key-env KEY --in "$scratch/user.wav" --out "$scratch/$name.wav" --json "$@" \
        --agent 'cat >/dev/null; echo There are three files.' >"$scratch/$name.out" 2>"$scratch/$name.err" &&
        status=0 || status=$?
    echo "$status" >"$scratch/$name.status"
    wait "$service" || echo "the service left with status $?" >>"$scratch/$name.verdict"
}
show() { cat "$scratch/$1.verdict" "$scratch/$1.err" && tail -n 5 "$scratch/$1.out"; }
