/* SPDX-License-Identifier: BSD-2-Clause */
/* Common types of the kernels of FreeBSD 14 and 15 that nothing in types-14.d or types-15.d holds. */

typedef unsigned short mode_t;
typedef unsigned int socklen_t;
typedef unsigned int uint;

/* sys/dtrace_bsd.h */
typedef int (*dtrace_trap_func_t)(struct trapframe *, u_int);

/* sys/proc.h of the Solaris compatibility module */
typedef struct thread kthread_t;
