# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Whether guests can run on KVM. That /dev/kvm opens says little: under nested
# virtualisation a guest may hang in it. So one is booted, once per boot of the host.

KVM_PROBE_SECONDS=30

# kvm_decide: sets KVM to yes or no. Wants a RUN with a kernel in it.
kvm_decide() {
	local verdict
	KVM=no
	[[ -r /dev/kvm && -w /dev/kvm ]] || return 0
	verdict=$CACHE/kvm-$(</proc/sys/kernel/random/boot_id)
	if [[ ! -s $verdict ]]; then
		say "... trying whether a guest comes up on KVM (at most $KVM_PROBE_SECONDS s)"
		(kvm_probe) >"$verdict.tmp"
		mv "$verdict.tmp" "$verdict"
		say "    KVM: $(<"$verdict")"
	fi
	KVM=$(<"$verdict")
}

kvm_probe() {
	run_dir_command true
	if vm_command qemu yes "$KVM_PROBE_SECONDS" 2>"$CACHE/log/kvm-probe.log"; then
		echo yes
	else
		echo no
	fi
	rm -f "$RUN/status"
}
