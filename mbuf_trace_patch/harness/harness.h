/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * A kernel around kern_mbuf_trace.c: what its includes would bring, over a
 * simulated machine.  Given to the compiler by -include; each <...> that the core
 * includes, but its own header, is an empty file.
 */

#ifndef _HARNESS_H_
#define	_HARNESS_H_

#define	_GNU_SOURCE

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define	_KERNEL
#define	MBUF_TRACE
#define	DDB
#define	__FreeBSD_version	1201000

typedef unsigned int u_int;
typedef unsigned long u_long;
typedef char *caddr_t;

#define	MIN(a, b)		((a) < (b) ? (a) : (b))
#define	MAX(a, b)		((a) > (b) ? (a) : (b))
#define	__predict_false(x)	__builtin_expect((x), 0)
#define	__read_mostly
#define	__unused		__attribute__((__unused__))
#define	__printflike(f, a)	__attribute__((__format__(printf, f, a)))
#define	MAXPATHLEN		1024
#define	IFNAMSIZ		16

/* Memory: shim_fail_at counts allocations down to the one that fails. */
extern long shim_fail_at;
extern long shim_live;
void	*shim_malloc(size_t);
void	shim_free(void *);
#define	MALLOC_DEFINE(type, name, text)	const char *const type __unused = name
#define	M_NOWAIT		1
#define	malloc(size, type, how)	shim_malloc(size)
#define	free(p, type)		shim_free(p)

/* Formatting: between two calls another CPU may change what is printed. */
int	shim_vsnprintf(char *, size_t, const char *, va_list);
#define	vsnprintf(to, size, format, ap)					\
	shim_vsnprintf(to, size, format, ap)

/* An aligned load; another CPU may store another value right after it. */
extern void *shim_stored_at;
extern u_int shim_stored;
static inline u_int
shim_load_int(volatile u_int *p)
{
	u_int value;

	value = *p;
	if (p == shim_stored_at)
		*p = shim_stored;
	return (value);
}
#define	atomic_load_int(p)	shim_load_int(p)

#define	atomic_add_long(p, n)	__atomic_fetch_add((p), (n), __ATOMIC_RELAXED)
static const char *panicstr __unused;

static inline void
be16enc(void *at, uint16_t n)
{
	uint8_t *p = at;

	p[0] = n >> 8;
	p[1] = n & 0xff;
}

static inline size_t
shim_strlcpy(char *to, const char *from, size_t size)
{

	return ((size_t)snprintf(to, size, "%s", from));
}
#define	strlcpy(to, from, size)	shim_strlcpy((to), (from), (size))

#define	SLIST_HEAD(name, type)	struct name { struct type *slh_first; }
#define	SLIST_ENTRY(type)	struct { struct type *sle_next; }
#define	SLIST_FIRST(head)	((head)->slh_first)
#define	SLIST_NEXT(e, field)	((e)->field.sle_next)
#define	SLIST_FOREACH(e, head, field)					\
	for ((e) = SLIST_FIRST(head); (e) != NULL; (e) = SLIST_NEXT(e, field))

/* Packets and their tags. */
#define	M_EXT			0x1
#define	M_PKTHDR		0x2
#define	MTAG_PERSISTENT		0x800

struct m_tag {
	SLIST_ENTRY(m_tag) m_tag_link;
	uint16_t	m_tag_id;
	uint16_t	m_tag_len;
	uint32_t	m_tag_cookie;
};

struct mbuf {
	struct mbuf	*m_next;
	caddr_t		 m_data;
	int32_t		 m_len;
	int		 m_flags;
	struct {
		SLIST_HEAD(, m_tag) tags;
	} m_pkthdr;
	char		*m_storage;
};

struct m_tag *m_tag_alloc(uint32_t, int, int, int);
struct m_tag *m_tag_locate(struct mbuf *, uint32_t, int, struct m_tag *);
void	m_tag_prepend(struct mbuf *, struct m_tag *);
void	m_copydata(const struct mbuf *, int, int, caddr_t);
void	m_freem(struct mbuf *);

/* Threads, their rights, and sockets. */
#define	PRIV_DTRACE_KERNEL	90
struct ucred {
	u_int	cr_uid;
	int	cr_jail;
};
struct proc {
	int	p_pid;
};
struct thread {
	struct proc	*td_proc;
	struct ucred	*td_ucred;
};
struct socket {
	int	so_options;
	int	so_locked;
	int	so_locks;
};
struct sockopt {
	int		 sopt_name;
	struct thread	*sopt_td;
};
#define	jailed(cred)		((cred)->cr_jail != 0)
int	priv_check(struct thread *, int);
#define	SOCK_LOCK(so)		((so)->so_locks++, (so)->so_locked++)
#define	SOCK_UNLOCK(so)		((so)->so_locked--)

/* sysctl(9) */
struct sysctl_req {
	struct thread	*td;
	const char	*newptr;
	char		*old;
	size_t		 oldlen;
};
struct sysctl_oid {
	const char	*name;
	char		 kind;
	void		*value;
	int		(*handler)(struct sysctl_oid *, void *, intmax_t,
			    struct sysctl_req *);
};
void	shim_register(struct sysctl_oid *);
int	sysctl_handle_string(struct sysctl_oid *, void *, intmax_t,
	    struct sysctl_req *);
#define	SYSCTL_HANDLER_ARGS						\
	struct sysctl_oid *oidp, void *arg1 __unused,			\
	intmax_t arg2 __unused, struct sysctl_req *req
#define	SYSCTL_NODE(parent, nr, name, access, handler, text)		\
	extern int shim_no_node
#define	SHIM_OID(name, kind, value, handler)				\
	static struct sysctl_oid shim_oid_##name =			\
	    { #name, kind, value, handler };				\
	static void __attribute__((__constructor__))			\
	shim_register_##name(void)					\
	{								\
		shim_register(&shim_oid_##name);			\
	}								\
	extern int shim_no_node
#define	SYSCTL_INT(parent, nr, name, access, p, v, text)		\
	SHIM_OID(name, 'i', p, NULL)
#define	SYSCTL_UINT(parent, nr, name, access, p, v, text)		\
	SHIM_OID(name, 'u', p, NULL)
#define	SYSCTL_ULONG(parent, nr, name, access, p, v, text)		\
	SHIM_OID(name, 'l', p, NULL)
#define	SYSCTL_PROC(parent, nr, name, access, p, v, handler, f, text)	\
	SHIM_OID(name, 's', p, handler)

/* Locks */
struct rwlock {
	pthread_rwlock_t lock;
};
#define	RW_SYSINIT(name, rw, text)					\
	static void __attribute__((__constructor__))			\
	shim_lock_##name(void)						\
	{								\
		pthread_rwlock_init(&(rw)->lock, NULL);			\
	}								\
	extern int shim_no_node
#define	rw_rlock(rw)		pthread_rwlock_rdlock(&(rw)->lock)
#define	rw_runlock(rw)		pthread_rwlock_unlock(&(rw)->lock)
#define	rw_wlock(rw)		pthread_rwlock_wrlock(&(rw)->lock)
#define	rw_wunlock(rw)		pthread_rwlock_unlock(&(rw)->lock)

/* Interfaces and bpf(4) */
#define	IFT_OTHER		1
#define	IFF_UP			0x1
#define	IFF_SIMPLEX		0x800
#define	SIOCSIFFLAGS		0x80206910UL
#define	SIOCSIFMTU		0x80206934UL
#define	IF_DUNIT_NONE		(-1)
#define	DLT_USER0		147

struct route;
struct sockaddr;
struct bpf_if {
	u_int	dlt;
	int	peers;
};
struct ifnet {
	char	if_xname[IFNAMSIZ];
	int	(*if_output)(struct ifnet *, struct mbuf *,
		    const struct sockaddr *, struct route *);
	int	(*if_ioctl)(struct ifnet *, u_long, caddr_t);
	struct bpf_if *if_bpf;
};
#define	if_name(ifp)		((ifp)->if_xname)
struct ifnet *if_alloc(int);
void	if_initname(struct ifnet *, const char *, int);
#define	if_setmtu(ifp, mtu)	((void)(ifp))
#define	if_setflags(ifp, flags)	((void)(ifp))
#define	if_setioctlfn(ifp, f)	((ifp)->if_ioctl = (f))
#define	if_attach(ifp)		((void)(ifp))
void	bpfattach(struct ifnet *, u_int, u_int);
#define	bpf_peers_present(bp)	((bp)->peers > 0)
void	bpf_tap(struct bpf_if *, uint8_t *, u_int);

#define	SYSINIT(name, sub, order, f, arg)				\
	static void __attribute__((__constructor__))			\
	shim_sysinit_##name(void)					\
	{								\
		(f)(arg);						\
	}								\
	extern int shim_no_node

/* ddb(4) */
#define	DB_SHOW_COMMAND(name, f)					\
	void f(uintptr_t, bool, intmax_t, char *);			\
	void f(uintptr_t addr, bool have_addr, intmax_t count __unused,	\
	    char *modif __unused)
extern int db_pager_quit;
void	db_printf(const char *, ...) __printflike(1, 2);

#endif /* !_HARNESS_H_ */
