# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#: differential  random operations on the files of DAMON are answered as by the one in C
#: differential-long  the same with more of them, 30 min (only by name; see --seeds)

# What --seeds sets.
SEEDS=()

suite_differential() { differential 2000 sweep 1 2 3 4; }

suite_differential_long() {
	local seeds=()
	mapfile -t seeds < <(echo sweep; seq 100 159)
	differential 10000 "${seeds[@]}"
}

# differential OPERATIONS SEED...
differential() {
	local kind seed seeds=("${@:2}") c
	[[ ${#SEEDS[@]} -eq 0 ]] || seeds=("${SEEDS[@]}")
	for kind in c rust; do
		tree_open
		uml_user_build "$kind"
		run_dir_new "differential-$kind"
		run_dir_uml
		tree_close
		# What sleeps does not wait, so that the time a program takes, and
		# what else runs here, make no difference.
		UML_APPEND=(time-travel=inf-cpu)
		run_dir_command /mnt/damon-rust/scripts/guest/differential --operations "$1" \
			/mnt/run/out "${seeds[@]}"
		step "${#seeds[@]} times $1 operations, $kind" "$TEST_DIR/differential-$kind.log" \
			vm_command uml no 3600
		[[ $kind == rust ]] || c=$RUN/out
	done
	for seed in "${seeds[@]}"; do
		check "seed $seed" same_log "$c/$seed.log" "$RUN/out/$seed.log"
	done
}

# same_log C RUST: shows where the second log parts from the first.
same_log() {
	[[ $(tail -n 1 "$1") == 'the end' ]] || die "$1 is not complete"
	cmp --silent "$1" "$2" && return
	# Reads all of what diff writes, which would die of a closed pipe.
	diff --unified=15 "$1" "$2" | sed -n 1,40p
	return 1
}
