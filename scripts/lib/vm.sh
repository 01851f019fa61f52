# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Running a command in the guest. Every run has a directory in $CACHE/runs, which
# the guest sees as /mnt/run: the command goes in there, its status comes out.

VM_CPUS=2
VM_MEMORY=2G
RUNS_KEPT=10

# What these return when the guest and not the command has failed.
VM_FAILED=125

# run_dir_new NAME: sets RUN, the directory of this run, and removes old ones that
# no other run uses.
run_dir_new() {
	local old fd
	RUN=$(mktemp -d "$CACHE/runs/$(date +%Y%m%d-%H%M%S)-$1-XXX")
	chmod 755 "$RUN"
	mkdir "$RUN/out"
	exec {fd}>"$RUN/lock"
	flock "$fd"
	find "$CACHE/runs" -mindepth 1 -maxdepth 1 -type d | sort | head -n "-$RUNS_KEPT" |
		while read -r old; do
			! flock --nonblock "$old/lock" true || rm -rf "$old"
		done
}

# run_dir_kernel: puts the kernel that was just built into the run's directory, so
# that a build that follows does not take it away.
run_dir_kernel() {
	cp "$VM_BUILD/arch/x86/boot/bzImage" "$RUN/bzImage"
	# The linker writes a new file each time, so a link will do for this.
	ln "$VM_BUILD/vmlinux" "$RUN/vmlinux"
}

# run_dir_command CMD...: leaves the command where the guest looks for it.
run_dir_command() {
	printf 'exec'  >"$RUN/command"
	printf ' %q' "$@" >>"$RUN/command"
	echo >>"$RUN/command"
}

# vm_initrd FILE: the RAM disk that the direct path boots from.
vm_initrd() {
	root_run bash -c 'set -e -o pipefail
		mkdir -p /tmp/initrd/bin
		cp /usr/bin/busybox /tmp/initrd/bin/
		cp "$1/scripts/guest/initrd" /tmp/initrd/init
		cd /tmp/initrd
		find . | cpio --quiet -o -H newc >"$2"
	' - "$CHECKOUT" "$1"
}

# Further parameters of the kernel, and options of QEMU, for vm_qemu.
VM_APPEND=()
VM_OPTIONS=()

# vm_qemu KVM TIMEOUT [ARG...]: boots RUN's kernel with QEMU.
vm_qemu() {
	local kvm=$1 timeout=$2 share=() binds=() cpu append
	shift 2
	# Without KVM "rep stosb" goes byte by byte; glibc uses it if the CPU has ERMS.
	cpu=(-accel tcg -cpu 'max,-erms')
	[[ $kvm == no ]] || cpu=(-accel kvm -cpu host)
	append="console=ttyS0 panic=-1 oops=panic quiet loglevel=6${VM_APPEND[*]:+ ${VM_APPEND[*]}}"
	if [[ -n ${VM_SHARE:-} ]]; then
		binds=(--bind "ro:$VM_SHARE")
		append+=" damon.share"
		share=(-device 'virtio-9p-pci,fsdev=share,mount_tag=share' -fsdev
			"local,id=share,path=$VM_SHARE,security_model=none,readonly=on,multidevs=remap")
	fi
	root_run "${binds[@]}" timeout --foreground --kill-after=10 "$timeout" \
		qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-M q35 "${cpu[@]}" -smp "$VM_CPUS" -m "$VM_MEMORY" \
		-kernel "$RUN/bzImage" -initrd "$RUN/initrd" -append "$append" \
		-serial "file:$RUN/console.log" -device virtio-rng-pci \
		-fsdev "local,id=root,path=$ROOT,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		-fsdev "local,id=checkout,path=$CHECKOUT,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=checkout,mount_tag=checkout \
		-fsdev "local,id=run,path=$RUN,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=run,mount_tag=run \
		"${share[@]}" -device virtio-serial-pci "${VM_OPTIONS[@]}" "$@"
}

# vm_vng KVM TIMEOUT: boots RUN's kernel with virtme-ng.
vm_vng() {
	local kvm=$1 timeout=$2 binds=() args=(--verbose)
	[[ $kvm == yes ]] || args+=(--disable-kvm '--qemu-opts=-cpu max,-erms')
	if [[ -n ${VM_SHARE:-} ]]; then
		binds=(--bind "ro:$VM_SHARE")
		args+=("--rodir=/mnt/share=$VM_SHARE")
	fi
	root_run "${binds[@]}" timeout --foreground --kill-after=10 "$timeout" \
		vng --run "$RUN/bzImage" --root "$ROOT" --user root --force-9p --skip-modules \
		--cpus "$VM_CPUS" --memory "$VM_MEMORY" --overlay-rwdir /root --overlay-rwdir /mnt \
		--rodir="/mnt/damon-rust=$CHECKOUT" --rwdir="/mnt/run=$RUN" "${args[@]}" \
		-- /mnt/damon-rust/scripts/guest/vng-command
}

# vm_command BACKEND KVM TIMEOUT: runs the command of RUN in a guest, with its output
# where ours goes. Returns its status, or VM_FAILED after saying what went wrong.
vm_command() {
	local status=0
	rm -f "$RUN/status"
	"vm_command_$1" "$2" "$3" || status=$?
	if [[ -s $RUN/status ]]; then
		return "$(<"$RUN/status")"
	fi
	vm_verdict "$status" "$3" >&2
	return "$VM_FAILED"
}

# The output goes through FIFOs, which are open at both ends before QEMU is, so that
# they end when we say so and not when QEMU fails to open them.
vm_command_qemu() {
	local out err pumps=() status=0
	vm_initrd "$RUN/initrd"
	mkfifo "$RUN/stdout" "$RUN/stderr"
	exec {out}<>"$RUN/stdout" {err}<>"$RUN/stderr"
	(exec cat "$RUN/stdout" {out}>&- {err}>&-) &
	pumps+=("$!")
	(exec cat "$RUN/stderr" >&2 {out}>&- {err}>&-) &
	pumps+=("$!")
	spawn vm_qemu "$1" "$2" \
		-chardev "file,id=stdout,path=$RUN/stdout" -device virtserialport,chardev=stdout,name=stdout \
		-chardev "file,id=stderr,path=$RUN/stderr" -device virtserialport,chardev=stderr,name=stderr \
		>"$RUN/qemu.log" 2>&1 {out}>&- {err}>&-
	wait "$SPAWNED" || status=$?
	exec {out}>&- {err}>&-
	wait "${pumps[@]}"
	rm "$RUN/stdout" "$RUN/stderr"
	return "$status"
}

# virtme-ng brings the output itself; its own words and the kernel's go to the log.
vm_command_vng() {
	local status=0
	spawn vm_vng "$1" "$2" 2>"$RUN/console.log"
	wait "$SPAWNED" || status=$?
	[[ ! -f $RUN/stderr ]] || cat "$RUN/stderr" >&2
	return "$status"
}

# vm_shell KVM: a shell on our terminal.
vm_shell() {
	local size status=0
	[[ -t 0 && -t 1 ]] || die "--shell wants a terminal; for a single command use -- CMD"
	size=$(stty size)
	echo "$size" >"$RUN/shell"
	vm_initrd "$RUN/initrd"
	stty raw -echo
	vm_qemu "$1" 0 -device virtconsole,chardev=tty -chardev stdio,id=tty,signal=off \
		2>"$RUN/qemu.log" || status=$?
	stty sane
	[[ ! -s $RUN/status ]] || return "$(<"$RUN/status")"
	vm_verdict "$status" 0 >&2
	return "$VM_FAILED"
}

# vm_verdict STATUS TIMEOUT: one line on how a guest ended that left no status.
vm_verdict() {
	local panic
	panic=$(grep -m 1 -o 'Kernel panic - .*' "$RUN/console.log" 2>/dev/null) || panic=
	if [[ -n $panic ]]; then
		echo "the guest's kernel panicked ($panic); its log: $RUN/console.log"
	elif [[ $1 -eq 124 || $1 -eq 137 ]]; then
		echo "the guest was ended after $2 s (--timeout); its log: $RUN/console.log"
	elif [[ -s $RUN/qemu.log ]]; then
		echo "the virtual machine failed: $(tail -n 1 "$RUN/qemu.log"); see $RUN"
	else
		echo "the guest ended before the command did; its log: $RUN/console.log"
	fi
}
