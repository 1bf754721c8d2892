/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * mbuf_trace: packets note down their way through the kernel; see
 * mbuf_trace(4) for the use and mtrace(9) for this interface.
 *
 * Goes to sys/sys/mbuf_trace.h.  options MBUF_TRACE is in opt_global.h, so
 * that modules see it without being told.
 */

#ifndef _SYS_MBUF_TRACE_H_
#define	_SYS_MBUF_TRACE_H_

/*
 * Socket option, level SOL_SOCKET: trace the packets that this socket sends,
 * and those that reach it from where they find it on.
 */
#define	SO_MTRACE	0x40000000

/*
 * The packet tags.  All ids are persistent (0x800 is MTAG_PERSISTENT): a
 * trace goes on behind an interface.  A tag MTRACE_TAG_START on a packet is
 * what starts its trace, whoever puts it there: ng_tag(4) can.
 */
#define	MTRACE_COOKIE	1767225600	/* when it was made: 2026-01-01 */
#define	MTRACE_TAG_DATA		0x800	/* packet bytes */
#define	MTRACE_TAG_STRING	0x801	/* a string with its NUL */
#define	MTRACE_TAG_START	0x802	/* no record: the trace is started */
#define	MTRACE_TAG_LEFT_OUT	0x803	/* uint32_t: records left out */

/* Types of records as captured (generation 3). */
#define	MTRACE_TYPE_DATA	0
#define	MTRACE_TYPE_STRING	1

/* What pf(4) rules name to start a trace: pass ... tag mtrace */
#define	MTRACE_PF_TAG	"mtrace"

#ifdef _KERNEL
#ifdef MBUF_TRACE

struct ifnet;
struct m_tag;
struct mbuf;
struct socket;
struct thread;

extern int	mtrace_enable;
extern int	mtrace_interfaces_set;
extern int	mtrace_pids_set;

void	mtrace_start_(struct mbuf *);
void	mtrace_data_(struct mbuf *);
void	mtrace_printf_(struct mbuf *, const char *, const char *, ...)
	    __printflike(3, 4);
void	mtrace_string_(struct mbuf *, const char *, const char *, size_t);
void	mtrace_text_(struct mbuf *, const char *, const char *);
void	mtrace_function_(struct mbuf *, const char *, char, const char *);
void	mtrace_deliver_(struct mbuf *);
int	mtrace_uncopied_(const struct m_tag *);
void	mtrace_interface_(struct mbuf *, struct ifnet *);
int	mtrace_pid_(int);
int	mtrace_permitted_(struct thread *);

/* Switched off, a call costs this test. */
#define	MTRACE(call)	do {						\
	if (__predict_false(mtrace_enable != 0))			\
		call;							\
} while (0)

#define	MTRACE_STRING__(x)	#x
#define	MTRACE_STRING_(x)	MTRACE_STRING__(x)
#define	MTRACE_PLACE		__FILE__ ":" MTRACE_STRING_(__LINE__)
#define	MTRACE_PREFIX		MTRACE_PLACE ": "

/* The interface of mtrace(9). */
#define	mtrace_start(m)		MTRACE(mtrace_start_(m))
#define	mtrace_data(m)		MTRACE(mtrace_data_(m))
#define	mtrace_printf(m, ...)						\
	MTRACE(mtrace_printf_((m), MTRACE_PREFIX, __VA_ARGS__))
#define	mtrace_static_length(m, s, l)					\
	MTRACE(mtrace_string_((m), MTRACE_PREFIX, (s), (l)))
#define	mtrace_static(m, s)	MTRACE(mtrace_text_((m), MTRACE_PREFIX, (s)))
#define	mtrace_dynamic_length(m, s, l)	mtrace_static_length(m, s, l)
#define	mtrace_dynamic(m, s)	mtrace_static(m, s)
#define	mtrace(m, s)		mtrace_static(m, s)
#define	mtrace_(m)		MTRACE(mtrace_text_((m), "", MTRACE_PLACE))
#define	mtrace_enter(m)							\
	MTRACE(mtrace_function_((m), MTRACE_PREFIX, '+', __func__))
#define	mtrace_leave(m)							\
	MTRACE(mtrace_function_((m), MTRACE_PREFIX, '-', __func__))
#define	mtrace_func(m)							\
	MTRACE(mtrace_function_((m), MTRACE_PREFIX, '\0', __func__))

/*
 * What starts a trace, each at its place.  (To use the one for sockets,
 * include sys/socketvar.h.)
 */
#define	mtrace_interface(m, ifp) do {					\
	if (__predict_false(mtrace_enable != 0 &&			\
	    mtrace_interfaces_set != 0))				\
		mtrace_interface_((m), (ifp));				\
} while (0)
#define	mtrace_socket(m, so) do {					\
	if (__predict_false(mtrace_enable != 0) && (so) != NULL &&	\
	    ((so)->so_options & SO_MTRACE) != 0)			\
		mtrace_start_(m);					\
} while (0)
/* (After its first send, a socket of such a process is not locked again.) */
#define	mtrace_process(so, td) do {					\
	if (__predict_false(mtrace_enable != 0 && mtrace_pids_set != 0) && \
	    (td) != NULL && ((so)->so_options & SO_MTRACE) == 0 &&	\
	    mtrace_pid_((td)->td_proc->p_pid)) {			\
		SOCK_LOCK(so);						\
		(so)->so_options |= SO_MTRACE;				\
		SOCK_UNLOCK(so);					\
	}								\
} while (0)

/* For sosetopt(9): an error, if that is about SO_MTRACE by who may not. */
#define	mtrace_sockopt(sopt)						\
	((sopt)->sopt_name == SO_MTRACE ?				\
	    mtrace_permitted_((sopt)->sopt_td) : 0)

/* For the mbuf code alone: the tags of m die; tag t could not be copied. */
#define	mtrace_deliver(m)	MTRACE(mtrace_deliver_(m))
#define	mtrace_uncopied(t)	mtrace_uncopied_(t)

#else /* !MBUF_TRACE */

#define	mtrace_start(m)				((void)0)
#define	mtrace_data(m)				((void)0)
#define	mtrace_printf(m, ...)			((void)0)
#define	mtrace_static_length(m, s, l)		((void)0)
#define	mtrace_static(m, s)			((void)0)
#define	mtrace_dynamic_length(m, s, l)		((void)0)
#define	mtrace_dynamic(m, s)			((void)0)
#define	mtrace(m, s)				((void)0)
#define	mtrace_(m)				((void)0)
#define	mtrace_enter(m)				((void)0)
#define	mtrace_leave(m)				((void)0)
#define	mtrace_func(m)				((void)0)
#define	mtrace_interface(m, ifp)		((void)0)
#define	mtrace_socket(m, so)			((void)0)
#define	mtrace_process(so, td)			((void)0)
#define	mtrace_deliver(m)			((void)0)
#define	mtrace_uncopied(t)			0

#endif /* MBUF_TRACE */
#endif /* _KERNEL */
#endif /* !_SYS_MBUF_TRACE_H_ */
