// SPDX-License-Identifier: GPL-2.0

#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

__rust_helper struct pid *rust_helper_get_pid(struct pid *pid)
{
	return get_pid(pid);
}

/*
 * There is no such function in C; get_task_mm() asks one thread only.  Returns the counted address
 * space of a process as long as one of its threads has it.
 */
#ifdef CONFIG_MMU
__rust_helper struct mm_struct *rust_helper_get_pid_mm(struct pid *pid)
{
	struct task_struct *task, *thread;
	struct mm_struct *mm = NULL;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_PID);
	thread = task ? find_lock_task_mm(task) : NULL;
	if (!thread)
		return NULL;
	/* The one that a kernel thread has is borrowed. */
	if (!(thread->flags & PF_KTHREAD)) {
		mm = thread->mm;
		mmget(mm);
	}
	task_unlock(thread);
	return mm;
}
#endif

/*
 * There is no such function in C.  Returns whether a process is there, if only until its parent
 * has waited for it.
 */
__rust_helper bool rust_helper_pid_is_alive(struct pid *pid)
{
	guard(rcu)();
	return pid_task(pid, PIDTYPE_PID);
}
