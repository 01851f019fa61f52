# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: macro        the tests of the proc-macro crate, on the host

suite_macro() {
	local log=$TEST_DIR/macro-run.log name verdict
	tree_open
	uml_configure "$BUILD/uml"
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
	root_run "$TREE/tools/testing/kunit/kunit.py" config --build_dir "$BUILD/uml" \
		--kunitconfig "$BUILD/uml/fragment.config" --make_options LLVM=1
	# Without -s, which would make the tests silent too.
	root_run make -C "$TREE" O="$BUILD/uml" ARCH=um LLVM=1 -j"$JOBS" rusttest-kobject_macros
}
