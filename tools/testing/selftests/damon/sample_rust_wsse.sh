#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sample in Rust sees a process that works with 20 MiB, and its end.

source _common.sh

# Kselftest framework requirement - SKIP code is 4.
ksft_skip=4

dir=/sys/kernel/rust_damon_wsse

fail()
{
	echo "$1"
	exit 1
}

check_dependencies

if [ ! -d "$dir" ]
then
	echo "$dir not found"
	exit $ksft_skip
fi

./access_memory 2 10485760 1000 repeat &
workload=$!
trap 'kill "$workload" 2> /dev/null; echo N > "$dir/enabled"' EXIT

if cat "$dir/wss" 2> /dev/null
then
	fail "there is a working set, and nothing is monitored"
fi
echo "$workload" > "$dir/target_pid" || fail "target_pid is refused"
echo Y > "$dir/enabled" || fail "the kdamond does not start"
[ "$(cat "$dir/enabled")" = Y ] || fail "the kdamond does not run"

# The first regions are all of the address space, which has 20 MiB and more.
for _ in {1..100}
do
	wss=$(cat "$dir/wss") || fail "no working set"
	[ "$wss" -eq 0 ] || break
done
[ "$wss" -gt 0 ] || fail "no accesses"
[ "$((wss % $(getconf PAGESIZE)))" -eq 0 ] || fail "$wss are no pages"

kill "$workload"
wait "$workload"
# Ends when it sees that the process is gone.
for _ in {1..100}
do
	[ "$(cat "$dir/enabled")" = Y ] || break
	cat "$dir/wss" > /dev/null 2>&1
done
[ "$(cat "$dir/enabled")" = N ] || fail "the kdamond outlives its process"
if cat "$dir/wss" 2> /dev/null
then
	fail "a process that has ended has a working set"
fi
echo N > "$dir/enabled" || fail "what has ended cannot be disabled"
exit 0
