# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: overlay      how the overlay is applied, and what is said when it cannot be

# A kernel of three files and a checkout that changes them.
overlay_fixture() {
	FAKE=$TEST_DIR/fake
	rm -rf "$FAKE"
	mkdir -p "$FAKE/source/mm/damon" "$FAKE/checkout/mm/damon" "$FAKE/checkout/scripts"
	printf 'VERSION = 7\nPATCHLEVEL = 3\n' >"$FAKE/source/Makefile"
	printf 'one\ntwo\nthree\n' >"$FAKE/source/mm/damon/Kconfig"
	printf 'List\n----\n\nALPHA\nM:\ta\nF:\ta/\nF:\tc/\n\nGAMMA\nM:\tg\n\nTHE REST\nM:\tr\n' \
		>"$FAKE/source/MAINTAINERS"
	printf -- '--- a/mm/damon/Kconfig\n+++ b/mm/damon/Kconfig\n@@ -1,3 +1,4 @@\n one\n two\n+and a half\n three\n' \
		>"$FAKE/checkout/mm/damon/Kconfig.patch"
	echo new >"$FAKE/checkout/mm/damon/new.rs"
	echo ours >"$FAKE/checkout/scripts/test"
	printf 'BETA\nM:\tb\n\nALPHA\nF:\tb/\n' >"$FAKE/checkout/MAINTAINERS"
	cp -a "$FAKE/source" "$FAKE/tree"
}

overlay_apply() {
	(cd "$FAKE/checkout" && find . -type f -printf '%P\0') |
		root_run "$CHECKOUT/scripts/lib/overlay.py" apply "$FAKE/checkout" "$FAKE/source" "$FAKE/tree"
}

# says TEXT CMD...: CMD fails, with one line that has TEXT in it.
says() {
	local text=$1 output
	shift
	! output=$("$@" 2>&1) || { echo "this did not fail: $*" && return 1; }
	[[ $output == *"$text"* && $output != *$'\n'* ]] || { echo "it says: $output" && return 1; }
}

case_applies() {
	overlay_fixture
	overlay_apply
	grep -qx 'and a half' "$FAKE/tree/mm/damon/Kconfig"
	grep -qx new "$FAKE/tree/mm/damon/new.rs"
	[[ ! -e $FAKE/tree/scripts/test ]]
	diff - "$FAKE/tree/MAINTAINERS" <<<$'List\n----\n\nALPHA\nM:\ta\nF:\ta/\nF:\tb/\nF:\tc/\n\nBETA\nM:\tb\n\nGAMMA\nM:\tg\n\nTHE REST\nM:\tr'
}

case_touches_what_changes() {
	overlay_fixture
	overlay_apply
	touch -d 2001-01-01 "$FAKE/tree/mm/damon/Kconfig" "$FAKE/tree/mm/damon/new.rs"
	echo newer >"$FAKE/checkout/mm/damon/new.rs"
	overlay_apply
	[[ $(stat -c %y "$FAKE/tree/mm/damon/Kconfig") == 2001* ]]
	[[ $(stat -c %y "$FAKE/tree/mm/damon/new.rs") != 2001* ]]
}

case_takes_back() {
	overlay_fixture
	overlay_apply
	rm "$FAKE/checkout/MAINTAINERS" "$FAKE"/checkout/mm/damon/*
	overlay_apply
	diff -r -x '.overlay*' "$FAKE/source" "$FAKE/tree"
}

case_refuses_reject() {
	overlay_fixture
	overlay_apply
	cp -a "$FAKE/tree" "$FAKE/before"
	printf 'one\n2\nthree\n' >"$FAKE/source/mm/damon/Kconfig"
	echo other >"$FAKE/checkout/mm/damon/new.rs"
	says 'mm/damon/Kconfig.patch: does not apply' overlay_apply
	diff -r "$FAKE/before" "$FAKE/tree"
}

case_refuses_existing() {
	overlay_fixture
	echo x >"$FAKE/checkout/mm/damon/Kconfig"
	says 'mm/damon/Kconfig: the kernel has this file' overlay_apply
}

case_refuses_version() {
	overlay_fixture
	sed -i 's/= 3/= 2/' "$FAKE/source/Makefile"
	says 'this is Linux 7.2' "$CHECKOUT/scripts/run" --kernel "$FAKE/source" -- true
}

case_refuses_no_kernel() {
	overlay_fixture
	says 'is not a Linux kernel source tree' "$CHECKOUT/scripts/run" --kernel "$FAKE/checkout" -- true
}

suite_overlay() {
	check "applies additions, changes and maintainers" case_applies
	check "touches only what changes" case_touches_what_changes
	check "takes back what is no longer there" case_takes_back
	check "names an edit that does not apply, and changes nothing" case_refuses_reject
	check "names a new file that the kernel has" case_refuses_existing
	check "names a kernel of another version" case_refuses_version
	check "names a directory that is no kernel" case_refuses_no_kernel
}
