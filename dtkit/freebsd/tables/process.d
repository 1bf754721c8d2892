/* SPDX-License-Identifier: BSD-2-Clause */
/* Of the process and the thread in hand: what curpsinfo and curlwpsinfo give. */

typedef struct psinfo {
	int pr_nlwp;
	pid_t pr_pid;
	pid_t pr_ppid;
	pid_t pr_pgid;
	pid_t pr_sid;
	uid_t pr_uid;
	uid_t pr_euid;
	gid_t pr_gid;
	gid_t pr_egid;
	uintptr_t pr_addr;
	string pr_psargs;
	u_int pr_arglen;
	u_int pr_jailid;
} psinfo_t;

typedef struct lwpsinfo {
	id_t pr_lwpid;
	int pr_flag;
	int pr_pri;
	char pr_state;
	char pr_sname;
	short pr_syscall;
	uintptr_t pr_addr;
	uintptr_t pr_wchan;
} lwpsinfo_t;

translator lwpsinfo_t < struct thread *p > {
	pr_lwpid = p->td_tid;
	pr_flag = p->td_flags;
	pr_pri = p->td_priority;
	pr_state = 0;
	pr_sname = '?';
	pr_syscall = 0;
	pr_addr = (uintptr_t)p;
	pr_wchan = (uintptr_t)p->td_wchan;
};

inline lwpsinfo_t *curlwpsinfo = xlate <lwpsinfo_t *> (curthread);
