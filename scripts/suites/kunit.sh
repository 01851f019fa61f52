# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: kunit-uml-c  the kernel's own DAMON suites, in user mode Linux
#: kunit-uml    our own KUnit suites and doctests, likewise; the ABI document of sysfs files

KUNIT_C_SUITES=damon,damon-operations,damon-sysfs

# Both suites are of one kernel, which is built and run once.
kunit_once() {
	local json=$TEST_DIR/kunit.json
	[[ ! -s $json ]] || return 0
	tree_open
	uml_build
	step "running KUnit on user mode Linux" "$TEST_DIR/kunit-run.log" kunit_tolerant "$json"
	cp "$UML_BUILD/test.log" "$TEST_DIR/kunit.log"
	tree_close
}

# kunit.py fails if a test does; that is for each of the suites to say.
kunit_tolerant() {
	kunit exec "$UML_BUILD" --json="$1" || [[ -s $1 ]]
}

suite_kunit_uml_c() {
	local file want=0 got
	kunit_once
	cat "$TEST_DIR/kunit-run.log"
	ktap_results "$TEST_DIR/kunit.json" --suites "$KUNIT_C_SUITES"
	# That all of them have run: as many as the kernel's own tables list.
	for file in core vaddr sysfs; do
		want=$((want + $(grep -c '^[[:space:]]*KUNIT_CASE' "$SOURCE/mm/damon/tests/$file-kunit.h")))
	done
	got=$(wc -l <"$RESULTS")
	[[ $got -eq $want ]] || fail "all cases ran" "$got of $want"
}

suite_kunit_uml() {
	kunit_once
	cat "$TEST_DIR/kunit-run.log"
	ktap_results "$TEST_DIR/kunit.json" --not-suites "$KUNIT_C_SUITES,$ORACLE_SUITE"
	sysfs_table_checks "$TEST_DIR/kunit.log"
}
