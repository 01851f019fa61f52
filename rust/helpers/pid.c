// SPDX-License-Identifier: GPL-2.0

#include <linux/cred.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
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
 * There is no such function in C.  Returns a counted thread of a process: one that has an address
 * space, if there is one.
 */
#ifdef CONFIG_MMU
__rust_helper struct task_struct *rust_helper_get_pid_thread(struct pid *pid)
{
	struct task_struct *task, *thread;

	guard(rcu)();
	task = pid_task(pid, PIDTYPE_PID);
	if (!task)
		return NULL;
	thread = find_lock_task_mm(task);
	if (!thread)
		return get_task_struct(task);
	get_task_struct(thread);
	task_unlock(thread);
	return thread;
}
#endif

/*
 * There is no such function in C.  Returns whether a task has the ids that the current one accesses
 * files with, and no other ones.
 */
__rust_helper bool rust_helper_task_has_own_ids(struct task_struct *task)
{
	const struct cred *cred = current_cred(), *tcred;

	guard(rcu)();
	tcred = __task_cred(task);
	return uid_eq(tcred->uid, cred->fsuid) && uid_eq(tcred->euid, cred->fsuid) &&
	       uid_eq(tcred->suid, cred->fsuid) && gid_eq(tcred->gid, cred->fsgid) &&
	       gid_eq(tcred->egid, cred->fsgid) && gid_eq(tcred->sgid, cred->fsgid);
}

/* There is no such function in C.  Returns the counted pid of the first process. */
__rust_helper struct pid *rust_helper_get_init_pid(void)
{
	guard(rcu)();
	return get_pid(find_pid_ns(1, &init_pid_ns));
}

/*
 * There is no such function in C.  Returns whether a process is there, if only until its parent
 * has waited for it.
 */
__rust_helper bool rust_helper_pid_is_alive(struct pid *pid)
{
	guard(rcu)();
	return pid_task(pid, PIDTYPE_PID);
}
