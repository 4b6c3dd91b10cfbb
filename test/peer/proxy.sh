#!/bin/sh
# Conversations through a proxy that is not ours (tinyproxy): over wss and ws, with a password and without, and what is
# said when it refuses. The service is the one of conversation.sh.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
. test/converse.sh
proxies=
trap 'kill $proxies 2>/dev/null || :; rm -rf "$scratch"' EXIT

# ---- the proxies -------------------------------------------------------------------------------------
free_port() { $python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { $python -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null; }

# NAME LINE...: a proxy with these settings; its port is left in NAME.proxy, what it did in NAME.log
proxy() {
    name=$1 port=$(free_port)
    shift
    printf '%s\n' "Port $port" 'Listen 127.0.0.1' 'Timeout 60' 'MaxClients 20' "LogFile \"$scratch/$name.log\"" \
        'LogLevel Info' "$@" >"$scratch/$name.conf"
    tinyproxy -d -c "$scratch/$name.conf" >"$scratch/$name.proxy-out" 2>&1 &
    proxies="$proxies $!"
    await answers "$port"
    echo "$port" >"$scratch/$name.proxy"
}
echo '^elsewhere\.test$' >"$scratch/filter"
proxy open
proxy password 'BasicAuth user sesame7'
proxy filter "Filter \"$scratch/filter\"" 'FilterDefaultDeny Yes'
port_of() { cat "$scratch/$1.proxy"; }
$python -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(100)' >"$scratch/silent.proxy" &
await [ -s "$scratch/silent.proxy" ]
proxies="$proxies $!"

# ---- conversations -------------------------------------------------------------------------------------
parley=$BUILD/bin/parley
converse wss wss "$parley" --proxy "http://127.0.0.1:$(port_of open)" & talks=$!
http_proxy="http://localhost:$(port_of open)" converse ws ws "$parley" & talks="$talks $!"
HTTPS_PROXY="http://user:sesame%37@localhost:$(port_of password)/" converse password wss "$parley" & talks="$talks $!"
converse trickle wss "$BUILD/test/peer/trickle" --proxy "127.0.0.1:$(port_of open)" & talks="$talks $!"
HTTPS_PROXY="http://127.0.0.1:1" NO_PROXY=example.com,localhost converse direct wss "$parley" & talks="$talks $!"

# ---- refusals ------------------------------------------------------------------------------------------

# NAME URL PROXY: leaves NAME.{out,err,status}
try() {
    KEY=sk-test-key timeout 60 "$parley" talk --url "$2" --proxy "$3" --key-env KEY \
        --in test/vectors/speech/hello.wav >"$scratch/$1.out" 2>"$scratch/$1.err" && status=0 || status=$?
    echo "$status" >"$scratch/$1.status"
}
closed=$(free_port)
try no-password wss://localhost:1 "http://localhost:$(port_of password)" & talks="$talks $!"
try wrong-password wss://localhost:1 "http://user:sesame@localhost:$(port_of password)" & talks="$talks $!"
try filtered wss://localhost:1 "http://127.0.0.1:$(port_of filter)" & talks="$talks $!"
try other-name wss://nowhere.test "http://127.0.0.1:$(port_of filter)" & talks="$talks $!"
try refuses "ws://127.0.0.1:$closed" "http://127.0.0.1:$(port_of open)" & talks="$talks $!"
try no-proxy wss://localhost:1 "http://127.0.0.1:$closed" & talks="$talks $!"
try silent wss://localhost:1 "http://127.0.0.1:$(port_of silent)" & talks="$talks $!"
try secure wss://localhost:1 'https://user:sesame@127.0.0.1:1' & talks="$talks $!"
# shellcheck disable=SC2086
wait $talks

# ---- the verdicts ----------------------------------------------------------------------------------------
ends_well() {
    if [ "$(cat "$scratch/$1.status")" = 0 ] && [ ! -s "$scratch/$1.verdict" ]; then return 0; fi
    show "$1"
    return 1
}
spoken() { grep -q '"reply_done".*There are three files' "$scratch/$1.out" || { show "$1" && return 1; }; }
went_through() { # NAME PROXY: a tunnel to its service
    grep -q "CONNECT localhost:$(cat "$scratch/$1.port") " "$scratch/$2.log" || { cat "$scratch/$2.log" && return 1; }
}
stage() { grep -q '"link".*"proxy"' "$scratch/$1.out" || { head -n 5 "$scratch/$1.out" && return 1; }; }
not_there() { ! grep -q "localhost:$(cat "$scratch/$1.port")" "$scratch"/*.log; }
no_secret() { ! cat "$scratch"/*.err "$scratch"/*.out | grep -qE 'sk-test-key|sesame'; }

for talk in wss:open ws:open password:password trickle:open; do
    name=${talk%:*}
    check "$name: the conversation ends well, the service got all it should" ends_well "$name"
    check "$name: the agent's result is spoken" spoken "$name"
    check "$name: it went through the proxy" went_through "$name" "${talk#*:}"
    check "$name: the stage is told" stage "$name"
done
check 'NO_PROXY: the conversation ends well, the service got all it should' ends_well direct
check 'NO_PROXY: it went through no proxy' not_there direct

says() { # NAME STATUS PATTERN: exactly one line of error, with this in it
    if [ "$(cat "$scratch/$1.status")" = "$2" ] && [ "$(wc -l <"$scratch/$1.err")" = 1 ] && grep -Eq "$3" "$scratch/$1.err"; then
        return 0
    fi
    cat "$scratch/$1.status" "$scratch/$1.err"
    return 1
}
check 'a password is wanted' says no-password 1 'proxy: HTTP 407: it wants a user name and a password'
check 'another password is wanted' says wrong-password 1 'proxy: HTTP 40[17].*(not accept|[Uu]nauthori[sz]ed)'
check 'a service that the proxy filters' says filtered 1 'proxy: HTTP 403 Filtered: .*filtered'
check 'a name that nobody here has to know' says other-name 1 'proxy: HTTP 403 Filtered: '
check 'a service that refuses the proxy' says refuses 1 'proxy: HTTP 50[0-9] '
check 'no proxy there' says no-proxy 1 'connect: 127.0.0.1:[0-9]+: Connection refused \(of the proxy\)'
check 'a proxy that says nothing' says silent 1 'proxy: no answer within 15000 ms'
check 'a proxy in TLS is refused at once' says secure 2 'proxy: .*https://'
check 'key and passwords are nowhere to be seen' no_secret
plan
