# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the last runs have measured, for the cover letter. A record is a file of
# $CACHE/record: its first line is "# CONTENT KERNEL", the overlay and the kernel that
# it is about, and the rest is text. Newer runs replace it.
#
#   test-SUITE   the results of a suite, as its RESULTS file has them, and how many seconds it
#                took; SUITE is also series-check, for scripts/series --check
#   sizes        a table of the sizes of objects
#   bench        a table of what scripts/bench has measured
#   bench-sysfs  a table of what scripts/bench --sysfs has measured
#   bench-kdamond  a table of what scripts/bench --kdamond has measured
#   bench-users  a table of what scripts/bench --users has measured

# overlay_content: names what the overlay says now.
overlay_content() {
	git -C "$CHECKOUT" ls-files -z --cached --others --exclude-standard |
		python3 "$CHECKOUT/scripts/lib/overlay.py" list "$CHECKOUT" |
		git -C "$CHECKOUT" hash-object --stdin-paths | sha256sum | cut -c 1-16
}

# record NAME CONTENT: records standard input. CONTENT is what overlay_content() said
# before the run.
record() {
	local file=$CACHE/record/$1 kernel
	mkdir -p "${file%/*}"
	kernel=$(kernel_name "$SOURCE")
	{ echo "# $2 $kernel" && cat; } >"$file.tmp"
	mv "$file.tmp" "$file"
}

# record_results SUITE CONTENT START: records $RESULTS of a suite that began at START, in SECONDS.
record_results() {
	{ cat "$RESULTS" && printf 'time\t%d\n' $((SECONDS - $3)); } | record "test-$1" "$2"
}

# kernel_name DIR: the version that a kernel tree says it is.
kernel_name() {
	echo "Linux $(sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$1/Makefile" | paste -sd.)"
}
