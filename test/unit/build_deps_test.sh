#!/bin/sh
# ./build.sh deps and the commands that begin with it, on machines where something is missing. The machine is a
# PATH with a few tools and with a dpkg-query, id and apt-get that play their parts and keep a record.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
bin=$scratch/bin
mkdir "$bin"
for tool in sh cat cmp mv rm mkdir grep sed dirname find sort tr getconf; do ln -s "$(command -v "$tool")" "$bin/$tool"; done

tool() { # name, script
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}
# user id, packages that are not there: the machine
machine() {
    : >"$scratch/calls"
    echo " $2 " >"$scratch/missing"
    tool id "echo $1"
    tool dpkg-query "for package; do :; done
grep -q \" \$package \" '$scratch/missing' && exit 1
echo 'install ok installed'"
    tool apt-get "echo \"apt-get \$*\" >>'$scratch/calls'; [ \"\$1\" != install ] || : >'$scratch/missing'"
}
# command... -> what it printed, its exit status, and how it called apt-get
run() {
    status=0
    env -i PATH="$bin" BUILD="$scratch/build" ./build.sh "$@" 2>&1 || status=$?
    echo "exit $status"
    cat "$scratch/calls"
}

machine 0 ''
check_equal 'nothing missing: nothing said, nothing called' 'exit 0' "$(run deps)"
machine 1000 ''
check_equal 'nor for a plain user' 'exit 0' "$(run deps)"

machine 0 'valgrind libwslay-dev'
check_equal 'root: what is missing is named and installed' 'installing: libwslay-dev valgrind
exit 0
apt-get update -qq
apt-get install -y -qq --no-install-recommends libwslay-dev valgrind' "$(run deps)"

machine 1000 'valgrind libwslay-dev'
check_equal 'a plain user gets the one command to run' 'missing: libwslay-dev valgrind
run:  sudo apt-get install --no-install-recommends libwslay-dev valgrind
exit 1' "$(run deps)"

machine 0 'libwslay-dev'
tool apt-get "echo \"apt-get \$*\" >>'$scratch/calls'; [ \"\$1\" = update ] || { echo 'E: no such package' >&2; exit 100; }"
check_equal 'an installation that fails fails' 'installing: libwslay-dev
E: no such package
exit 100
apt-get update -qq
apt-get install -y -qq --no-install-recommends libwslay-dev' "$(run deps)"

machine 0 'libwslay-dev'
tool apt-get "[ \"\$1\" = install ] || exit 100"
check_equal 'without a network the lists at hand are used' 'installing: libwslay-dev
apt-get update failed; going on with the lists at hand
exit 0' "$(run deps)"

for command in lib cli install; do
    machine 1000 'gcc make libwslay-dev valgrind'
    check_equal "$command without compiler and make: first the packages" 'missing: gcc make libwslay-dev
run:  sudo apt-get install --no-install-recommends gcc make libwslay-dev
exit 1' "$(run $command)"
done
for command in loopback demo; do
    machine 1000 'gcc make libwslay-dev valgrind'
    check_equal "$command asks for what the loopback needs alone" 'missing: gcc make
run:  sudo apt-get install --no-install-recommends gcc make
exit 1' "$(run $command)"
done
machine 1000 'gcc make valgrind'
check_equal 'test asks for all' 'missing: gcc make valgrind
run:  sudo apt-get install --no-install-recommends gcc make valgrind
exit 1' "$(run test)"

machine 1000 'libwslay-dev valgrind'
tool cc true
tool make 'exit 2'
check_equal 'a build that fails names the packages missing' \
    'build.sh: these packages are missing, which may be why: libwslay-dev (./build.sh deps)
exit 1' "$(run lib)"

rm "$bin/dpkg-query"
check_equal 'no Debian: the names, and on it goes' 'exit 0' "$(run deps | sed '/^no dpkg here.* gcc make .*/d')"

plan
