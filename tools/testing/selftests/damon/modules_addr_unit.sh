#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The default region of DAMON_RECLAIM and DAMON_LRU_SORT is the same memory
# after the address unit was changed.

source _common.sh

# Kselftest framework requirement - SKIP code is 4.
ksft_skip=4

check_dependencies

test_module()
{
	local params=/sys/module/$1/parameters
	local start end

	echo 0 > "$params/monitor_region_start"
	echo 0 > "$params/monitor_region_end"
	echo 1 > "$params/addr_unit"
	echo Y > "$params/enabled" || return 1
	start=$(cat "$params/monitor_region_start")
	end=$(cat "$params/monitor_region_end")
	echo 2 > "$params/addr_unit"
	echo Y > "$params/commit_inputs"
	start=$((start / 2 - $(cat "$params/monitor_region_start")))
	end=$((end / 2 - $(cat "$params/monitor_region_end")))
	echo N > "$params/enabled"
	echo 1 > "$params/addr_unit"
	echo 0 > "$params/monitor_region_start"
	echo 0 > "$params/monitor_region_end"
	if [ "$start" -ne 0 ] || [ "$end" -ne 0 ]
	then
		echo "$1: the region is off by $start and $end units"
		return 1
	fi
}

if [ "$(pgrep kdamond | wc -l)" -ne 0 ]
then
	echo "Another kdamond is running"
	exit $ksft_skip
fi

tested=0
failed=0
for module in damon_reclaim damon_lru_sort
do
	if [ ! -f "/sys/module/$module/parameters/addr_unit" ]
	then
		continue
	fi
	tested=$((tested + 1))
	test_module "$module" || failed=$((failed + 1))
done

if [ "$tested" -eq 0 ]
then
	echo "Neither DAMON_RECLAIM nor DAMON_LRU_SORT is built"
	exit $ksft_skip
fi
exit "$((failed != 0))"
