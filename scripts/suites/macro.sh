# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: macro        the tests of the proc-macro crate, on the host

suite_macro() {
	local log=$TEST_DIR/macro-run.log name verdict
	tree_open
	step "building and running the tests of the proc-macro crate" "$log" macro_run
	tree_close
	cat "$log"
	# The lines of libtest: "test NAME ... ok".
	while read -r _ name _ verdict _; do
		case $verdict in
		ok) pass "$name" ;;
		ignored*) skip "$name" "ignored in the source" ;;
		*) fail "$name" ;;
		esac
	done < <(grep '^test .* \.\.\. ' "$log")
}

macro_run() {
	uml_configure "$BUILD/uml"
	# Without -s, which would make the tests silent too.
	root_run make -C "$TREE" O="$BUILD/uml" ARCH=um LLVM=1 -j"$JOBS" rusttest-kobject_macros
}
