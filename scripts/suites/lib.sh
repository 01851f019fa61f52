# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How a suite reports. A suite is a file of this directory with a comment "#: what
# it is" and a function suite_NAME (dashes become underscores). It runs in a subshell
# whose output is kept and shown if something failed. It reports every test with one
# of these; that it ends well having reported nothing is a failure, too.

pass() { printf 'pass\t%s\n' "$1" >>"$RESULTS"; }

# fail NAME [REASON]
fail() {
	printf 'fail\t%s\n' "$1" >>"$RESULTS"
	printf 'FAIL %s%s\n' "$1" "${2:+: $2}" >&2
}

# skip NAME REASON
skip() { printf 'skip\t%s\t%s\n' "$1" "$2" >>"$RESULTS"; }

# check NAME CMD...: a test that passes if CMD does, whose output says why not.
check() {
	local name=$1 status=0
	shift
	spawn "$@"
	wait "$SPAWNED" || status=$?
	if [[ $status -eq 0 ]]; then
		pass "$name"
	else
		fail "$name" "${1##*/} ended with status $status"
	fi
}

# ktap_results JSON [--suites A,B | --not-suites A,B]: reports what kunit.py's parser
# has found.
ktap_results() {
	root_run "$CHECKOUT/scripts/suites/ktap_results.py" "$@" >>"$RESULTS"
}

# overlay_files [PATTERN...]: the files of the checkout that are part of the kernel.
overlay_files() {
	git -C "$CHECKOUT" ls-files -z --cached --others --exclude-standard "$@" |
		root_run "$CHECKOUT/scripts/lib/overlay.py" list "$CHECKOUT"
}

# unchanged NAME: whether the suite has passed already for just this content, so that
# there is nothing new to see. remember NAME notes that it has.
unchanged() { [[ $(cat "$BUILD/.passed-$1" 2>/dev/null) == "$(content_id)" ]]; }
remember() { content_id >"$BUILD/.passed-$1"; }
content_id() {
	printf '%s ' "$OVERLAY_ID" "$(cat "$ROOT/.damon-rust")"
	find "$CHECKOUT/scripts" -type f -print0 | sort -z | xargs -0 cat | sha256sum
}
