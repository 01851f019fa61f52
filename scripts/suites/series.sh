# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: series       the patches: they apply, add up to the overlay, and can be sent

suite_series() {
	check "names a file that no patch has" case_series_no_patch
	check "names a line that two patches want" case_series_two_patches
	check "names a pattern that matches nothing" case_series_no_match
	check "divides a file by its lines" case_series_lines
	check "divides a file by the labels of its hunks" case_series_labels
	check "names a label that no patch has" case_series_no_label
	check "leaves the user's tree alone" case_series_alone
	check "names all that does not apply" case_series_conflicts
	check "names a kernel of another version" case_series_version
	check "does not replace the user's commits" case_series_commits
	check "compares with the version before" case_series_range_diff
	hold_lock "series-$SOURCE_NAME"
	series_use_source
	series_make "$(series_newest)" "$TEST_DIR/series"
	series_check
}

# A kernel of three files in a git repository, and a checkout with a series of two patches.
series_fixture() {
	series_ident
	FAKE=$TEST_DIR/fake-series
	rm -rf "$FAKE"
	mkdir -p "$FAKE/kernel/mm/damon" "$FAKE/checkout/mm/damon" "$FAKE/cache"
	printf 'VERSION = 7\nPATCHLEVEL = 3\n' >"$FAKE/kernel/Makefile"
	printf 'one\ntwo\nthree\n' >"$FAKE/kernel/mm/damon/Kconfig"
	printf 'four\n' >"$FAKE/kernel/mm/damon/Makefile"
	cp -r "$CHECKOUT/scripts" "$FAKE/checkout/"
	rm "$FAKE"/checkout/scripts/*.patch
	printf 'new\nmod tests;\nlast\n' >"$FAKE/checkout/mm/damon/new.rs"
	printf -- '--- a/mm/damon/Kconfig\n+++ b/mm/damon/Kconfig\n@@ -1,3 +1,6 @@\n one\n two\n+config A\n+a\n+config B\n three\n' \
		>"$FAKE/checkout/mm/damon/Kconfig.patch"
	printf -- '--- a/mm/damon/Makefile\n+++ b/mm/damon/Makefile\n@@ -1 +1 @@\n-four\n+5\n' \
		>"$FAKE/checkout/mm/damon/Makefile.patch"
	cp "$FAKE/checkout/scripts/manifest/cover/"{damon-fixes,one}.txt
	cp "$FAKE/checkout/scripts/manifest/cover/"{damon-fixes,two}.txt
	cat >"$FAKE/checkout/scripts/manifest/series.toml" <<-'END'
		[[series]]
		name = "one"
		[[series.patch]]
		subject = "first"
		message = "The first."
		files = ["mm/damon/new.rs"]
		lines."mm/damon/Kconfig.patch" = "config A"

		[[series]]
		name = "two"
		[[series.patch]]
		subject = "second"
		message = "The second."
		files = ["mm/damon/Makefile.patch"]
		lines."mm/damon/Kconfig.patch" = "config B"
		lines."mm/damon/new.rs" = "mod tests"
	END
	series_fixture_commit kernel
	series_fixture_commit checkout
}

series_fixture_commit() {
	[[ -d $FAKE/$1/.git ]] || git init --quiet --initial-branch=main "$FAKE/$1"
	git -C "$FAKE/$1" add --all
	git -C "$FAKE/$1" "${SERIES_GIT[@]}" commit --quiet --message x
}

series_of_fixture() {
	DAMON_RUST_CACHE=$FAKE/cache "$FAKE/checkout/scripts/series" --kernel "$FAKE/kernel" \
		--out "$FAKE/out" "$@"
}

# series_says TEXT [ARG...]: it fails, with a line that has TEXT in it.
series_says() {
	local text=$1 output
	shift
	! output=$(series_of_fixture "$@" 2>&1) || { echo "it did not fail" && return 1; }
	grep -F -- "$text" <<<"$output" || { echo "it says: $output" && return 1; }
}

case_series_no_patch() {
	series_fixture
	echo x >"$FAKE/checkout/mm/damon/other.rs"
	series_says 'mm/damon/other.rs is in no patch'
}

case_series_two_patches() {
	series_fixture
	sed -i 's/"config B"/"^config"/' "$FAKE/checkout/scripts/manifest/series.toml"
	series_says "patterns of two patches match 'config A'"
}

case_series_no_match() {
	series_fixture
	sed -i 's/"mod tests"/"mod test;"/' "$FAKE/checkout/scripts/manifest/series.toml"
	series_says "the pattern 'mod test;' matches no line"
}

case_series_lines() {
	local show
	series_fixture
	show=(git -C "$FAKE/kernel" show)
	series_of_fixture
	diff - <("${show[@]}" one/v1:mm/damon/Kconfig) <<<$'one\ntwo\nconfig A\na\nthree'
	diff - <("${show[@]}" two/v1:mm/damon/Kconfig) <<<$'one\ntwo\nconfig A\na\nconfig B\nthree'
	diff - <("${show[@]}" one/v1:mm/damon/new.rs) <<<$'new\nlast'
	diff - <("${show[@]}" two/v1:mm/damon/new.rs) <<<$'new\nmod tests;\nlast'
	diff - <("${show[@]}" one/v1:mm/damon/Makefile) <<<four
	[[ $(find "$FAKE/out" -name '*.patch' | wc -l) -eq 4 ]]
}

# The file that both patches change has a hunk for each, and a line in that of the first is
# for the second patch.
series_fixture_labels() {
	series_fixture
	printf -- '--- a/mm/damon/Kconfig\n+++ b/mm/damon/Kconfig\n%s\n%s\n' \
		$'@@ -1,1 +1,2 @@ later\n+zero\n one' \
		$'@@ -2,2 +3,4 @@ sooner\n-two\n+2\n+config A\n+late\n three' \
		>"$FAKE/checkout/mm/damon/Kconfig.patch"
	sed -i -e '/Kconfig.patch/d' -e 's/^subject = "first"/&\nhunks = ["sooner"]/' \
		-e 's/^subject = "second"/&\nhunks = ["later"]\nlines."mm\/damon\/Kconfig.patch" = "late"/' \
		"$FAKE/checkout/scripts/manifest/series.toml"
}

case_series_labels() {
	series_fixture_labels
	series_of_fixture
	diff - <(git -C "$FAKE/kernel" show one/v1:mm/damon/Kconfig) <<<$'one\n2\nconfig A\nthree'
	diff - <(git -C "$FAKE/kernel" show two/v1:mm/damon/Kconfig) \
		<<<$'zero\none\n2\nconfig A\nlate\nthree'
}

case_series_no_label() {
	series_fixture_labels
	sed -i 's/"later"/"last"/' "$FAKE/checkout/scripts/manifest/series.toml"
	series_says 'no patch has the label later'
	series_says 'no hunk has the label last'
}

case_series_alone() {
	series_fixture
	echo mine >"$FAKE/kernel/mm/damon/Makefile"
	echo other >"$FAKE/kernel/new"
	git -C "$FAKE/kernel" add new
	git -C "$FAKE/kernel" status --porcelain --branch >"$FAKE/before"
	series_of_fixture
	git -C "$FAKE/kernel" status --porcelain --branch | diff "$FAKE/before" -
	[[ $(<"$FAKE/kernel/mm/damon/Makefile") == mine ]]
}

case_series_conflicts() {
	series_fixture
	echo 4 >"$FAKE/kernel/mm/damon/Makefile"
	printf 'one\n2\nthree\n' >"$FAKE/kernel/mm/damon/Kconfig"
	echo new >"$FAKE/kernel/mm/damon/new.rs"
	series_fixture_commit kernel
	series_says 'mm/damon/Makefile.patch: does not apply to mm/damon/Makefile: Hunk #1 FAILED at 1.'
	series_says 'mm/damon/Kconfig.patch: does not apply to mm/damon/Kconfig: Hunk #1 FAILED at 1.'
	series_says 'mm/damon/new.rs: the kernel has this file'
	! git -C "$FAKE/kernel" rev-parse --verify --quiet two/v1
}

case_series_version() {
	local said
	series_fixture
	sed -i 's/= 3/= 4/' "$FAKE/kernel/Makefile"
	series_fixture_commit kernel
	said=$(series_of_fixture 2>&1)
	[[ $said == *'the base is Linux 7.4, and the series is for 7.3'* ]]
}

case_series_commits() {
	local mine
	series_fixture
	series_of_fixture
	series_of_fixture
	git -C "$FAKE/kernel" "${SERIES_GIT[@]}" worktree add --quiet "$FAKE/mine" two/v1
	series_says 'the branch two/v1 is checked out'
	git -C "$FAKE/mine" "${SERIES_GIT[@]}" commit --quiet --allow-empty --message mine
	mine=$(git -C "$FAKE/mine" rev-parse HEAD)
	git -C "$FAKE/kernel" worktree remove --force "$FAKE/mine"
	series_says 'the branch two/v1 is not as it was made'
	[[ $(git -C "$FAKE/kernel" rev-parse two/v1) == "$mine" ]]
}

case_series_range_diff() {
	series_fixture
	series_of_fixture
	printf '[[version]]\nnumber = 2\nchanges = "Newer."\n' \
		>>"$FAKE/checkout/scripts/manifest/versions.toml"
	echo newer >>"$FAKE/checkout/mm/damon/new.rs"
	series_of_fixture
	grep -F 'Range-diff against v1:' "$FAKE/out/one/v2-0000-cover-letter.patch"
	grep -F '+newer' "$FAKE/out/one/v2-0000-cover-letter.patch"
	grep -F 'v2: Newer.' "$FAKE/out/one/v2-0000-cover-letter.patch"
	grep -F 'v1: First version.' "$FAKE/out/one/v2-0000-cover-letter.patch"
}
