# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: kunit-uml-c  the kernel's own DAMON suites, in user mode Linux
#: kunit-vm     the kernel's own suites of the core and its operations, in the virtual machine
#: kunit-uml    our own KUnit suites and doctests, likewise; the ABI document of sysfs files

# damon-kdamond is a part of the fixes of core.c.
KUNIT_C_SUITES=damon,damon-kdamond,damon-operations,damon-sysfs

# Both suites are of one kernel, which is built and run once.
kunit_once() {
	local json=$TEST_DIR/kunit.json
	[[ ! -s $json ]] || return 0
	tree_open
	uml_build
	step "running KUnit on user mode Linux" "$TEST_DIR/kunit-run.log" kunit_tolerant \
		"$UML_BUILD" "$json"
	cp "$UML_BUILD/test.log" "$TEST_DIR/kunit.log"
	tree_close
}

# kunit_tolerant DIR JSON [GLOB]: kunit.py fails if a test does; that is for each of the
# suites to say. The scenarios of the suite oracle are the same each time unless --seeds
# says where to begin.
kunit_tolerant() {
	kunit exec "$1" --json="$2" \
		--kernel_args="damon_oracle.seed=${SEEDS[0]:-1}" "${@:3}" || [[ -s $2 ]]
}

suite_kunit_uml_c() {
	kunit_once
	cat "$TEST_DIR/kunit-run.log"
	ktap_results "$TEST_DIR/kunit.json" --suites "$KUNIT_C_SUITES"
	kunit_all_ran core kdamond vaddr sysfs
}

# kunit_all_ran FILE...: that as many cases have results as the tables of the tree list.
kunit_all_ran() {
	local file want=0 got
	for file in "$@"; do
		want=$((want + $(grep -c '^[[:space:]]*KUNIT_CASE' "$CACHE/tree/$SOURCE_NAME/mm/damon/tests/$file-kunit.h")))
	done
	got=$(wc -l <"$RESULTS")
	[[ $got -eq $want ]] || fail "all cases ran" "$got of $want"
}

# The kernel of the selftests has them, but runs them only if told to.
suite_kunit_vm() {
	kunit_guest "$TEST_DIR/kunit-guest.log" 600 damon,damon-kdamond,damon-operations 'kunit.filter_glob=damon*'
	kunit_all_ran core kdamond vaddr
	check "the kernel did not complain" kernel_was_silent
}

# kunit_guest LOG SECONDS SUITES PARAMETER...: runs KUnit in a guest whose kernel has
# these parameters, and takes the results of these suites, separated by commas.
kunit_guest() {
	guest_open kunit
	tree_close
	kvm_decide
	VM_APPEND=(kunit.enable=1 kunit.autorun=1 "${@:4}")
	run_dir_command /usr/bin/dmesg --kernel
	step "running KUnit in the guest" "$1" vm_command qemu "$KVM" "$2"
	cat "$1"
	kunit_parse "$RUN/out/kunit.json" "$1"
	ktap_results "$RUN/out/kunit.json" --suites "$3"
}

# kunit_parse JSON LOG: what kunit.py makes of a log. It fails if a test did, which
# is for the suite to say.
kunit_parse() {
	root_run "$CACHE/tree/$SOURCE_NAME/tools/testing/kunit/kunit.py" parse \
		--json="$1" "$2" >"$RUN/parse.log" 2>&1 ||
		echo "kunit.py parse says that some failed; its words: $RUN/parse.log"
}

suite_kunit_uml() {
	kunit_once
	cat "$TEST_DIR/kunit-run.log"
	ktap_results "$TEST_DIR/kunit.json" --not-suites "$KUNIT_C_SUITES,$ORACLE_SUITE"
	sysfs_table_checks "$TEST_DIR/kunit.log"
}
