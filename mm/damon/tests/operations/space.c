// SPDX-License-Identifier: GPL-2.0
/*
 * Processes with address spaces that tests make, for operations to look at
 *
 * KUnit runs in kernel threads, which are no targets.  So there is a process for
 * each address space.  It never returns to user space: tests map memory in its place.
 */

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <asm/syscall.h>

#include "space.h"

static int space_thread(void *data)
{
	struct space *space = data;

	complete(&space->began);
	wait_for_completion_state(&space->end, TASK_IDLE);
	if (space->goes_on)
		user_mode_thread(space_thread, space, CLONE_THREAD | CLONE_SIGHAND);
	do_exit(0);
}

static int space_process(void *data)
{
	struct space *space = data;

	if (!space->leader_exits)
		return space_thread(space);
	user_mode_thread(space_thread, space, CLONE_THREAD | CLONE_SIGHAND);
	do_exit(0);
}

static void await_exit(struct space *space)
{
	struct task_struct *task = get_pid_task(space->pid, PIDTYPE_PID);

	if (!task)
		return;
	/* Nobody is told that a first thread has exited when there are others. */
	while (!READ_ONCE(task->exit_state))
		schedule_timeout_idle(1);
	put_task_struct(task);
}

static void begin(struct kunit *test, struct space *space, bool leader_exits)
{
	struct mm_struct *mm = mm_alloc();
	pid_t nr;

	KUNIT_ASSERT_NOT_NULL(test, mm);
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	space->leader_exits = leader_exits;
	space->goes_on = false;
	init_completion(&space->end);
	init_completion(&space->began);
	/* The process shares the address space of who makes it. */
	kthread_use_mm(mm);
	/* Children of a thread that ignores this cannot be waited for. */
	kernel_sigaction(SIGCHLD, SIG_DFL);
	nr = user_mode_thread(space_process, space, SIGCHLD);
	kthread_unuse_mm(mm);
	mmput(mm);
	KUNIT_ASSERT_GT(test, nr, 0);
	space->mm = mm;
	space->pid = find_get_pid(nr);
}

void space_begin(struct kunit *test, struct space *space)
{
	begin(test, space, false);
}

void space_begin_leaderless(struct kunit *test, struct space *space)
{
	begin(test, space, true);
	await_exit(space);
}

void space_exit(struct space *space)
{
	complete(&space->end);
	await_exit(space);
}

void space_hand_over(struct kunit *test, struct space *space)
{
	struct task_struct *task = get_pid_task(space->pid, PIDTYPE_PID);
	unsigned long end = jiffies + 10 * HZ;

	KUNIT_ASSERT_NOT_NULL(test, task);
	wait_for_completion(&space->began);
	space->goes_on = true;
	complete(&space->end);
	wait_for_completion(&space->began);
	space->goes_on = false;
	/* For the next one */
	complete(&space->began);
	/* Nobody is told that one of several threads has exited. */
	while (atomic_read(&task->signal->live) > 1 && time_before(jiffies, end))
		schedule_timeout_idle(1);
	KUNIT_EXPECT_EQ(test, atomic_read(&task->signal->live), 1);
	put_task_struct(task);
}

void space_fork(struct kunit *test, struct space *child)
{
	struct kernel_clone_args args = {
		.flags = CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = space_process,
		.fn_arg = child,
	};
	struct task_struct *task;
	pid_t nr;

	child->leader_exits = false;
	child->goes_on = false;
	init_completion(&child->end);
	init_completion(&child->began);
	nr = kernel_clone(&args);
	KUNIT_ASSERT_GT(test, nr, 0);
	child->pid = find_get_pid(nr);
	task = get_pid_task(child->pid, PIDTYPE_PID);
	child->mm = task->mm;
	put_task_struct(task);
}

void space_end(struct space *space)
{
	int status;

	complete(&space->end);
	kernel_wait(pid_nr(space->pid), &status);
	put_pid(space->pid);
}

void space_enter(struct space *space)
{
	kthread_use_mm(space->mm);
}

void space_leave(struct space *space)
{
	kthread_unuse_mm(space->mm);
}

/* The table has functions, pointers or numbers, as the architecture likes. */
long space_syscall(unsigned int nr, unsigned long a, unsigned long b, unsigned long c,
		   unsigned long d, unsigned long e)
{
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
	long (*call)(const struct pt_regs *regs) = (void *)sys_call_table[nr];
	const unsigned long args[6] = { a, b, c, d, e };
	struct pt_regs regs = {};

	syscall_set_arguments(current, &regs, args);
	return call(&regs);
#else
	long (*call)(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
		     unsigned long e, unsigned long f) = (void *)sys_call_table[nr];

	return call(a, b, c, d, e, 0);
#endif
}

void space_fill(struct kunit *test, unsigned long start, unsigned long size,
		unsigned long prot)
{
	KUNIT_ASSERT_EQ(test, start,
			vm_mmap(NULL, start, size, prot,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				MAP_POPULATE, 0));
}

unsigned long space_pfn(struct space *space, unsigned long addr)
{
	unsigned long pfn = ULONG_MAX;
	struct vm_area_struct *vma;
	struct folio_walk fw;

	mmap_read_lock(space->mm);
	vma = vma_lookup(space->mm, addr);
	if (vma && folio_walk_start(&fw, vma, addr, 0)) {
		pfn = page_to_pfn(fw.page);
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(space->mm);
	return pfn;
}
