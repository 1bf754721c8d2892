/* SPDX-License-Identifier: BSD-2-Clause */
/* What curpsinfo gives of a process in release 15: see process.d. */

translator psinfo_t < struct proc *p > {
	pr_nlwp = p->p_numthreads;
	pr_pid = p->p_pid;
	pr_ppid = p->p_pptr == NULL ? 0 : p->p_pptr->p_pid;
	pr_pgid = p->p_leader == NULL ? 0 : p->p_leader->p_pid;
	pr_sid = p->p_pgrp == NULL || p->p_pgrp->pg_session == NULL ? 0 :
	    p->p_pgrp->pg_session->s_sid;
	pr_uid = p->p_ucred->cr_ruid;
	pr_euid = p->p_ucred->cr_uid;
	pr_gid = p->p_ucred->cr_rgid;
	pr_egid = p->p_ucred->cr_gid;
	pr_addr = 0;
	pr_psargs = p->p_args == NULL ? "" :
	    memstr(p->p_args->ar_args, ' ', p->p_args->ar_length);
	pr_arglen = p->p_args->ar_length;
	pr_jailid = p->p_ucred->cr_prison->pr_id;
};

inline psinfo_t *curpsinfo = xlate <psinfo_t *> (curthread->td_proc);
