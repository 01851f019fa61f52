// SPDX-License-Identifier: GPL-2.0

#include <linux/cgroup.h>
#include <linux/damon.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/task.h>

#ifdef CONFIG_DAMON
__rust_helper unsigned long rust_helper_damon_rand(struct damon_ctx *ctx,
						   unsigned long l,
						   unsigned long r)
{
	return damon_rand(ctx, l, r);
}

/*
 * There is no such function in C.  Returns a counted reference to the thread that runs on a
 * context, if one does.
 */
__rust_helper struct task_struct *rust_helper_damon_kdamond(struct damon_ctx *ctx)
{
	struct task_struct *kdamond;

	mutex_lock(&ctx->kdamond_lock);
	kdamond = ctx->kdamond;
	if (kdamond)
		get_task_struct(kdamond);
	mutex_unlock(&ctx->kdamond_lock);
	return kdamond;
}

/* There is no such function in C.  Returns whether a thread has ended, or is about to. */
__rust_helper bool rust_helper_damon_kdamond_ended(struct task_struct *kdamond)
{
	return READ_ONCE(kdamond->flags) & PF_EXITING;
}

__rust_helper unsigned long long
rust_helper_damon_kdamond_runtime(struct task_struct *kdamond)
{
	return task_sched_runtime(kdamond);
}

/*
 * There is no such function in C.  Lets a kdamond run where the current thread runs, and not before
 * it.  Returns an error number if the control groups do not allow it.
 */
__rust_helper int rust_helper_damon_kdamond_join(struct task_struct *kdamond)
{
	if (task_nice(kdamond) < task_nice(current))
		set_user_nice(kdamond, task_nice(current));
	return cgroup_attach_task_all(current, kdamond);
}

#ifdef CONFIG_MMU
/*
 * There is no such function in C; mincore() has one that may sleep.  Returns whether an area that
 * is locked is one of anonymous memory, or of a file that belongs to who has the current
 * credentials, or that he may write to.  Says no if it takes sleeping to find out.
 */
__rust_helper bool rust_helper_damon_vma_is_own(struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;

	if (vma_is_anonymous(vma))
		return true;
	if (!file)
		return false;
	if (inode_owner_or_capable(file_mnt_idmap(file), file_inode(file)))
		return true;
	guard(rcu)();
	return !file_permission(file, MAY_WRITE | MAY_NOT_BLOCK);
}
#endif
#endif
