# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: macro        the tests of the proc-macro crate, on the host

suite_macro() {
	local log=$TEST_DIR/macro-run.log name verdict
	tree_open
	step "building the tests of the proc-macro crate" "$TEST_DIR/macro-build.log" macro_build
	step "running them" "$log" macro_run
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

# The kernel's target for tests on the host builds and runs ours too, but says only
# how many passed; so the program that it leaves is run again. If that is there, it
# is for macro_run to say what has failed.
macro_build() {
	local program=$BUILD/uml/rust/test/kobject_macros
	rm -f "$program"
	uml_configure "$BUILD/uml"
	root_run make -C "$TREE" O="$BUILD/uml" ARCH=um LLVM=1 -j"$JOBS" rusttest || [[ -x $program ]]
}

macro_run() {
	(cd "$TREE" && root_run "$BUILD/uml/rust/test/kobject_macros") || true # its lines tell
}
