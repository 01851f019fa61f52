# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The table of all sysfs files, which a KUnit test writes to the kernel's log: that
# what is made of it is up to date, and that the check of that can fail.

TABLE_FILE=tools/testing/selftests/damon/_sysfs_abi/files.tsv
TABLE_DOCUMENT=Documentation/ABI/testing/sysfs-kernel-mm-damon

# sysfs_table_checks LOG
sysfs_table_checks() {
	tree_open
	if [[ " ${CONFIG_FLIPS[*]} " =~ " CONFIG_DAMON_SYSFS_"(RFC_NAMES|EXTENSIONS|USERS)"=n " ]]; then
		skip "table of files" "the kernel was built without some of the files"
	else
		check "table of files" table_is_current "$1"
	fi
	check "ABI document" document_is_current
	check "ABI document without a file" document_check_fails 'pause: not documented' \
		'\,^What:.*<C>/pause$,s/pause/break/'
	check "ABI document with an unknown file" document_check_fails 'break: in ' \
		'\,^What:.*<C>/pause$,{p;s/pause/break/}'
	check "ABI document with a stale entry" document_check_fails 'entries at the end' \
		"s/Second name of 'nr_targets'/Other name of 'nr_targets'/"
	check "table with another file" table_check_fails 's,/N/pause,/N/break,'
	tree_close
}

table_tool() { root_run "$TREE/tools/mm/damon_sysfs_abi.py" "$@"; }

# table_is_current LOG
table_is_current() {
	local new=$TEST_DIR/${TABLE_FILE##*/}
	table_tool table <"$1" >"$new"
	diff "$TREE/$TABLE_FILE" "$new" && return
	echo "The code has another table now. If it should: cp $new $CHECKOUT/$TABLE_FILE"
	return 1
}

document_is_current() {
	local new=$TEST_DIR/document
	table_tool check "$TREE/$TABLE_FILE" "$TREE/$TABLE_DOCUMENT" && return
	cp "$SOURCE/$TABLE_DOCUMENT" "$new"
	table_tool entries "$TREE/$TABLE_FILE" "$SOURCE/$TABLE_DOCUMENT" >>"$new"
	diff -U1 --label "a/$TABLE_DOCUMENT" --label "b/$TABLE_DOCUMENT" \
		"$SOURCE/$TABLE_DOCUMENT" "$new" >"$new.patch" || true
	echo "For the entries at the end: cp $new.patch $CHECKOUT/$TABLE_DOCUMENT.patch"
	return 1
}

# document_check_fails TEXT SED: a document that sed has changed is refused with TEXT.
document_check_fails() {
	sed "$2" "$TREE/$TABLE_DOCUMENT" >"$TEST_DIR/document-changed"
	says_among "$1" table_tool check "$TREE/$TABLE_FILE" "$TEST_DIR/document-changed"
}

# table_check_fails SED: the same for the table.
table_check_fails() {
	sed "$1" "$TREE/$TABLE_FILE" >"$TEST_DIR/table-changed"
	says_among 'break: not documented' \
		table_tool check "$TEST_DIR/table-changed" "$TREE/$TABLE_DOCUMENT"
}

# says_among TEXT CMD...: CMD fails, and TEXT is among what it says.
says_among() {
	local text=$1 output
	shift
	! output=$("$@" 2>&1) || { echo "this did not fail: $*" && return 1; }
	[[ $output == *"$text"* ]] || { echo "it says: $output" && return 1; }
}
