/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * mbuf_trace: packets note down their way through the kernel.
 *
 * A trace is a run of packet tags: one that starts it and one per record,
 * newest first.  A record's payload is what will be captured, nothing else:
 * so it is copied and moved with the packet by the code that every tag is
 * copied and moved by, it is bounded by the 16-bit length of a tag, and a tag
 * that somebody else made with our cookie (ng_tag(4) can) is at worst a
 * strange record.  For the same reason the "static" calls copy their string
 * as well: its module may be unloaded before the packet is freed.
 *
 * When the tags of a packet die, the trace goes to the bpf(4) interface
 * mbuf_trace as
 *
 *	uint16_t count, count x { uint16_t length, uint16_t type, bytes }
 *
 * big-endian, in the order of the tags.
 *
 * A packet belongs to one thread at a time, so its tags need no lock.
 *
 * Goes to sys/kern/kern_mbuf_trace.c.
 */

#include "opt_ddb.h"

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/ctype.h>
#include <sys/endian.h>
#include <sys/jail.h>
#include <sys/kernel.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/mbuf_trace.h>
#include <sys/priv.h>
#include <sys/proc.h>
#include <sys/rwlock.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>

#include <machine/atomic.h>
#include <machine/stdarg.h>

#include <net/bpf.h>
#include <net/if.h>
#include <net/if_var.h>
#include <net/if_types.h>
/* struct ifnet, since 14: a test of the file, for no version says it. */
#if __has_include(<net/if_private.h>)
#include <net/if_private.h>
#endif

#ifdef DDB
#include <ddb/ddb.h>
#endif

#define	MTRACE_MAX_RECORD	UINT16_MAX	/* m_tag_len has 16 bits */
#define	MTRACE_CUT		"..."		/* ends a string that was cut */

static MALLOC_DEFINE(M_MTRACE, "mbuf_trace", "frames of mbuf_trace");

SYSCTL_NODE(_kern, OID_AUTO, mbuf_trace, CTLFLAG_RW | CTLFLAG_MPSAFE, 0,
    "Packets note down their way");

int mtrace_enable __read_mostly = 0;
SYSCTL_INT(_kern_mbuf_trace, OID_AUTO, enable, CTLFLAG_RWTUN,
    &mtrace_enable, 0, "Trace at all");

static int mtrace_source_position __read_mostly = 1;
SYSCTL_INT(_kern_mbuf_trace, OID_AUTO, source_position, CTLFLAG_RWTUN,
    &mtrace_source_position, 0, "Put FILE:LINE: before every string");

static int mtrace_start_anywhere __read_mostly = 0;
SYSCTL_INT(_kern_mbuf_trace, OID_AUTO, start_anywhere, CTLFLAG_RWTUN,
    &mtrace_start_anywhere, 0, "Take every packet's trace for started");

static int mtrace_unprivileged __read_mostly = 0;
SYSCTL_INT(_kern_mbuf_trace, OID_AUTO, unprivileged, CTLFLAG_RWTUN,
    &mtrace_unprivileged, 0, "Let anybody set SO_MTRACE, in jails too");

static u_int mtrace_max_records __read_mostly = 256;
SYSCTL_UINT(_kern_mbuf_trace, OID_AUTO, max_records, CTLFLAG_RWTUN,
    &mtrace_max_records, 0, "Records of one packet, at most");

static u_int mtrace_max_bytes __read_mostly = 256 * 1024;
SYSCTL_UINT(_kern_mbuf_trace, OID_AUTO, max_bytes, CTLFLAG_RWTUN,
    &mtrace_max_bytes, 0, "Bytes of one packet's records, at most");

static u_int mtrace_snaplen __read_mostly = MTRACE_MAX_RECORD;
SYSCTL_UINT(_kern_mbuf_trace, OID_AUTO, snaplen, CTLFLAG_RWTUN,
    &mtrace_snaplen, 0, "Packet bytes noted at once, at most");

#define	MTRACE_COUNTER(name, text)					\
	static u_long mtrace_count_##name;				\
	SYSCTL_ULONG(_kern_mbuf_trace, OID_AUTO, name, CTLFLAG_RD,	\
	    &mtrace_count_##name, 0, text)
#define	MTRACE_COUNT(name)	atomic_add_long(&mtrace_count_##name, 1)

MTRACE_COUNTER(started, "Traces started");
MTRACE_COUNTER(records, "Records noted");
MTRACE_COUNTER(delivered, "Traces given to listeners");
MTRACE_COUNTER(unheard, "Traces that ended with nobody listening");
MTRACE_COUNTER(ignored, "Calls without a packet header or a string");
MTRACE_COUNTER(cut, "Records cut to what a record may hold");
MTRACE_COUNTER(left_out, "Records beyond the limits of a packet");
MTRACE_COUNTER(nomem, "Records lost: no memory");
MTRACE_COUNTER(nomem_copy, "Records not copied with their packet: no memory");
MTRACE_COUNTER(nomem_deliver, "Traces not given to listeners: no memory");

/*
 * The tap: an interface of that name as bpf(4) and tcpdump(1) know it.  There
 * is one, on the host, whatever vnet(9) a packet is in.
 */
static struct ifnet *mtrace_tap;

static int
mtrace_tap_ioctl(struct ifnet *ifp __unused, u_long cmd,
    caddr_t data __unused)
{

	/* So comes promiscuous mode, which tcpdump(1) asks for. */
	return (cmd == SIOCSIFFLAGS ? 0 : EINVAL);
}

static int
mtrace_tap_output(struct ifnet *ifp __unused, struct mbuf *m,
    const struct sockaddr *dst __unused, struct route *ro __unused)
{

	m_freem(m);
	return (0);
}

static void
mtrace_attach(void *dummy __unused)
{
	struct ifnet *ifp;

	ifp = if_alloc(IFT_OTHER);
	if (ifp == NULL) {
		printf("mbuf_trace: no interface\n");
		return;
	}
	if_initname(ifp, "mbuf_trace", IF_DUNIT_NONE);
	if_setmtu(ifp, 65535);
	if_setflags(ifp, IFF_UP | IFF_SIMPLEX);
	if_setioctlfn(ifp, mtrace_tap_ioctl);
	ifp->if_output = mtrace_tap_output;
	if_attach(ifp);
	bpfattach(ifp, DLT_USER0, 0);
	mtrace_tap = ifp;
}
SYSINIT(mbuf_trace, SI_SUB_PROTO_FIREWALL, SI_ORDER_ANY, mtrace_attach, NULL);

/*
 * The record tags.
 */
static bool
mtrace_is_record(const struct m_tag *t)
{

	if (t->m_tag_cookie != MTRACE_COOKIE)
		return (false);
	switch (t->m_tag_id) {
	case MTRACE_TAG_DATA:
	case MTRACE_TAG_STRING:
		return (true);
	case MTRACE_TAG_LEFT_OUT:
		return (t->m_tag_len == sizeof(uint32_t));
	default:
		return (false);
	}
}

static struct m_tag *
mtrace_tag(struct mbuf *m, int id, size_t length)
{
	struct m_tag *t;

	t = m_tag_alloc(MTRACE_COOKIE, id, length, M_NOWAIT);
	if (t == NULL)
		MTRACE_COUNT(nomem);
	else
		m_tag_prepend(m, t);
	return (t);
}

/* Count a record that found no room: in the mark that says so. */
static void
mtrace_leave_out(struct mbuf *m, struct m_tag *mark)
{
	uint32_t n;

	MTRACE_COUNT(left_out);
	n = 0;
	if (mark == NULL)
		mark = mtrace_tag(m, MTRACE_TAG_LEFT_OUT, sizeof(n));
	else
		memcpy(&n, mark + 1, sizeof(n));
	if (mark != NULL) {
		n++;
		memcpy(mark + 1, &n, sizeof(n));
	}
}

static bool
mtrace_started(struct mbuf *m)
{

	return (mtrace_start_anywhere != 0 ||
	    m_tag_locate(m, MTRACE_COOKIE, MTRACE_TAG_START, NULL) != NULL);
}

/* Whether the trace of m takes records; counts those who cannot know. */
static bool
mtrace_wants(struct mbuf *m)
{

	if (m == NULL || (m->m_flags & M_PKTHDR) == 0) {
		MTRACE_COUNT(ignored);
		return (false);
	}
	return (mtrace_started(m));
}

/*
 * A new record of so many bytes for m: where they go, or NULL.
 */
static char *
mtrace_record(struct mbuf *m, int id, size_t length)
{
	struct m_tag *mark, *t;
	size_t bytes;
	u_int limit, n;

	mark = NULL;
	bytes = length;
	n = 0;
	SLIST_FOREACH(t, &m->m_pkthdr.tags, m_tag_link) {
		if (!mtrace_is_record(t))
			continue;
		if (t->m_tag_id == MTRACE_TAG_LEFT_OUT) {
			mark = t;
			break;
		}
		bytes += t->m_tag_len;
		n++;
	}
	/* The mark has its place below 65,536, too. */
	limit = atomic_load_int(&mtrace_max_records);
	limit = MIN(limit, UINT16_MAX - 1);
	if (mark != NULL || n >= limit || bytes > mtrace_max_bytes) {
		mtrace_leave_out(m, mark);
		return (NULL);
	}
	t = mtrace_tag(m, id, length);
	if (t == NULL)
		return (NULL);
	MTRACE_COUNT(records);
	return ((char *)(t + 1));
}

/*
 * A string record, while it is written: its text goes to at, length bytes and
 * a NUL.  If it had to be cut, its end says so.
 */
struct mtrace_text {
	char	*at;
	size_t	 length;
	bool	 cut;
};

/* Make one of so many bytes of text, behind a position and a sign. */
static bool
mtrace_open(struct mtrace_text *text, struct mbuf *m, const char *position,
    char sign, size_t length)
{
	size_t before, room;

	before = mtrace_source_position != 0 ? strnlen(position, MAXPATHLEN) :
	    0;
	room = MTRACE_MAX_RECORD - before - (sign != '\0') - 1;
	text->cut = length > room;
	text->length = MIN(length, room);
	text->at = mtrace_record(m, MTRACE_TAG_STRING,
	    before + (sign != '\0') + text->length + 1);
	if (text->at == NULL)
		return (false);
	memcpy(text->at, position, before);
	text->at += before;
	if (sign != '\0')
		*text->at++ = sign;
	return (true);
}

static void
mtrace_close(struct mtrace_text *text)
{

	text->at[text->length] = '\0';
	if (text->cut) {
		MTRACE_COUNT(cut);
		memcpy(text->at + text->length - strlen(MTRACE_CUT),
		    MTRACE_CUT, strlen(MTRACE_CUT));
	}
}

static void
mtrace_note(struct mbuf *m, const char *position, char sign, const char *s,
    size_t length)
{
	struct mtrace_text text;

	if (mtrace_open(&text, m, position, sign, length)) {
		memcpy(text.at, s, text.length);
		mtrace_close(&text);
	}
}

/*
 * What the macros of mtrace(9) call.
 */
void
mtrace_start_(struct mbuf *m)
{

	if (m == NULL || (m->m_flags & M_PKTHDR) == 0) {
		MTRACE_COUNT(ignored);
		return;
	}
	if (m_tag_locate(m, MTRACE_COOKIE, MTRACE_TAG_START, NULL) != NULL)
		return;
	if (mtrace_tag(m, MTRACE_TAG_START, 0) != NULL)
		MTRACE_COUNT(started);
}

void
mtrace_string_(struct mbuf *m, const char *position, const char *s,
    size_t length)
{

	if (!mtrace_wants(m))
		return;
	if (s == NULL) {
		MTRACE_COUNT(ignored);
		return;
	}
	/* A caller may have counted the NUL. */
	if (length > 0 && s[length - 1] == '\0')
		length--;
	mtrace_note(m, position, '\0', s, length);
}

void
mtrace_text_(struct mbuf *m, const char *position, const char *s)
{

	mtrace_string_(m, position, s, s != NULL ? strlen(s) : 0);
}

void
mtrace_function_(struct mbuf *m, const char *position, char sign,
    const char *function)
{

	if (mtrace_wants(m))
		mtrace_note(m, position, sign, function, strlen(function));
}

void
mtrace_printf_(struct mbuf *m, const char *position, const char *format, ...)
{
	struct mtrace_text text;
	va_list ap;
	int length;

	if (!mtrace_wants(m))
		return;
	if (format == NULL) {
		MTRACE_COUNT(ignored);
		return;
	}
	va_start(ap, format);
	length = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (length < 0) {
		MTRACE_COUNT(ignored);
		return;
	}
	if (!mtrace_open(&text, m, position, '\0', length))
		return;
	/* What its arguments point to may have become shorter meanwhile. */
	memset(text.at, '\0', text.length);
	va_start(ap, format);
	(void)vsnprintf(text.at, text.length + 1, format, ap);
	va_end(ap);
	mtrace_close(&text);
}

void
mtrace_data_(struct mbuf *m)
{
	struct mbuf *n;
	char *at;
	size_t length, size;

	if (!mtrace_wants(m))
		return;
	size = 0;
	for (n = m; n != NULL; n = n->m_next)
		size += MAX(n->m_len, 0);
	length = atomic_load_int(&mtrace_snaplen);
	length = MIN(length, MTRACE_MAX_RECORD);
	length = MIN(length, size);
	at = mtrace_record(m, MTRACE_TAG_DATA, length);
	if (at == NULL)
		return;
	if (length > 0)
		m_copydata(m, 0, length, at);
	if (length < size) {
		MTRACE_COUNT(cut);
		mtrace_printf_(m, "", "mbuf_trace: packet cut to %zu of %zu "
		    "bytes", length, size);
	}
}

/*
 * Copying a packet copies its tags.  For want of memory a record may be left
 * behind: tracing must not lose the copy.
 */
int
mtrace_uncopied_(const struct m_tag *t)
{

	if (t->m_tag_cookie != MTRACE_COOKIE)
		return (0);
	MTRACE_COUNT(nomem_copy);
	return (1);
}

/*
 * The tags of m are about to die: hand the trace to who listens.
 */
#ifndef KERNEL_PANICKED
#define	KERNEL_PANICKED()	(panicstr != NULL)
#endif
#define	MTRACE_MAX_FRAME	(64 * 1024 * 1024)

/* A record as captured: its length; at takes header and bytes, unless NULL. */
static size_t
mtrace_encode(const struct m_tag *t, uint8_t *at)
{
	char left_out[sizeof("mbuf_trace: 4294967295 records left out")];
	const void *bytes;
	uint32_t n;
	size_t length;

	if (t->m_tag_id == MTRACE_TAG_LEFT_OUT) {
		memcpy(&n, t + 1, sizeof(n));
		length = snprintf(left_out, sizeof(left_out),
		    "mbuf_trace: %u records left out", n) + 1;
		bytes = left_out;
	} else {
		length = t->m_tag_len;
		bytes = t + 1;
	}
	if (at != NULL) {
		be16enc(at, length);
		be16enc(at + 2, t->m_tag_id == MTRACE_TAG_DATA ?
		    MTRACE_TYPE_DATA : MTRACE_TYPE_STRING);
		memcpy(at + 4, bytes, length);
	}
	return (4 + length);
}

void
mtrace_deliver_(struct mbuf *m)
{
	struct m_tag *t;
	uint8_t *at, *frame;
	size_t size;
	u_int count, i;

	count = 0;
	size = 2;
	SLIST_FOREACH(t, &m->m_pkthdr.tags, m_tag_link) {
		if (!mtrace_is_record(t))
			continue;
		if (count == UINT16_MAX || size > MTRACE_MAX_FRAME)
			break;
		count++;
		size += mtrace_encode(t, NULL);
	}
	if (count == 0 || KERNEL_PANICKED())
		return;
	if (mtrace_tap == NULL || !bpf_peers_present(mtrace_tap->if_bpf)) {
		MTRACE_COUNT(unheard);
		return;
	}
	frame = malloc(size, M_MTRACE, M_NOWAIT);
	if (frame == NULL) {
		MTRACE_COUNT(nomem_deliver);
		return;
	}
	be16enc(frame, count);
	at = frame + 2;
	i = 0;
	SLIST_FOREACH(t, &m->m_pkthdr.tags, m_tag_link) {
		if (i == count)
			break;
		if (mtrace_is_record(t)) {
			at += mtrace_encode(t, at);
			i++;
		}
	}
	bpf_tap(mtrace_tap->if_bpf, frame, size);
	free(frame, M_MTRACE);
	MTRACE_COUNT(delivered);
}

/*
 * Lists of what starts traces: words in a sysctl, parsed when it is set.
 */
#define	MTRACE_LIST	16		/* words of a list */
#define	MTRACE_LIST_TEXT	256	/* bytes of it all */

static struct rwlock mtrace_lock;
RW_SYSINIT(mbuf_trace, &mtrace_lock, "mbuf_trace");

static char mtrace_interface_text[MTRACE_LIST_TEXT];
static char mtrace_interfaces[MTRACE_LIST][IFNAMSIZ];
int mtrace_interfaces_set __read_mostly;

static char mtrace_pid_text[MTRACE_LIST_TEXT];
static int mtrace_pids[MTRACE_LIST];
int mtrace_pids_set __read_mostly;

static char *
mtrace_word(char **list)
{
	char *word;

	do
		word = strsep(list, " \t,");
	while (word != NULL && *word == '\0');
	return (word);
}

static int
mtrace_sysctl_interfaces(SYSCTL_HANDLER_ARGS)
{
	char names[MTRACE_LIST][IFNAMSIZ];
	char list[MTRACE_LIST_TEXT], text[MTRACE_LIST_TEXT];
	char *rest, *word;
	int error, n;

	/* Names of the host's interfaces and processes are no jail's business. */
	if (jailed(req->td->td_ucred))
		return (EPERM);
	rw_rlock(&mtrace_lock);
	memcpy(text, mtrace_interface_text, sizeof(text));
	rw_runlock(&mtrace_lock);
	error = sysctl_handle_string(oidp, text, sizeof(text), req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	memcpy(list, text, sizeof(list));
	memset(names, 0, sizeof(names));
	n = 0;
	rest = list;
	while ((word = mtrace_word(&rest)) != NULL) {
		if (n == MTRACE_LIST)
			return (E2BIG);
		if (strlen(word) >= IFNAMSIZ)
			return (EINVAL);
		strlcpy(names[n++], word, IFNAMSIZ);
	}
	rw_wlock(&mtrace_lock);
	memcpy(mtrace_interface_text, text, sizeof(text));
	memcpy(mtrace_interfaces, names, sizeof(names));
	mtrace_interfaces_set = n;
	rw_wunlock(&mtrace_lock);
	return (0);
}
SYSCTL_PROC(_kern_mbuf_trace, OID_AUTO, interfaces,
    CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mtrace_sysctl_interfaces, "A",
    "Interfaces whose packets are traced: names or patterns");

static int
mtrace_sysctl_pids(SYSCTL_HANDLER_ARGS)
{
	char list[MTRACE_LIST_TEXT], text[MTRACE_LIST_TEXT];
	char *end, *rest, *word;
	int pids[MTRACE_LIST];
	u_long pid;
	int error, n;

	/* Names of the host's interfaces and processes are no jail's business. */
	if (jailed(req->td->td_ucred))
		return (EPERM);
	rw_rlock(&mtrace_lock);
	memcpy(text, mtrace_pid_text, sizeof(text));
	rw_runlock(&mtrace_lock);
	error = sysctl_handle_string(oidp, text, sizeof(text), req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	memcpy(list, text, sizeof(list));
	memset(pids, 0, sizeof(pids));
	n = 0;
	rest = list;
	while ((word = mtrace_word(&rest)) != NULL) {
		if (n == MTRACE_LIST)
			return (E2BIG);
		pid = strtoul(word, &end, 10);
		if (!isdigit(*word) || *end != '\0' || pid == 0 ||
		    pid > INT_MAX)
			return (EINVAL);
		pids[n++] = pid;
	}
	rw_wlock(&mtrace_lock);
	memcpy(mtrace_pid_text, text, sizeof(text));
	memcpy(mtrace_pids, pids, sizeof(pids));
	mtrace_pids_set = n;
	rw_wunlock(&mtrace_lock);
	return (0);
}
SYSCTL_PROC(_kern_mbuf_trace, OID_AUTO, pids,
    CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mtrace_sysctl_pids, "A", "Processes whose sockets are traced: pids");

void
mtrace_interface_(struct mbuf *m, struct ifnet *ifp)
{
	int i;

	if (ifp == NULL)
		return;
	rw_rlock(&mtrace_lock);
	for (i = 0; i < mtrace_interfaces_set; i++)
		if (fnmatch(mtrace_interfaces[i], if_name(ifp), 0) == 0)
			break;
	i = i < mtrace_interfaces_set;
	rw_runlock(&mtrace_lock);
	if (i)
		mtrace_start_(m);
}

int
mtrace_pid_(int pid)
{
	int i;

	rw_rlock(&mtrace_lock);
	for (i = 0; i < mtrace_pids_set; i++)
		if (mtrace_pids[i] == pid)
			break;
	i = i < mtrace_pids_set;
	rw_runlock(&mtrace_lock);
	return (i);
}

/*
 * SO_MTRACE makes the kernel keep max_bytes with each packet, which are not
 * counted against a socket buffer: so it takes the privilege of watching the
 * kernel, which no jail gives, unless a sysctl says otherwise.
 */
int
mtrace_permitted_(struct thread *td)
{

	if (td == NULL || mtrace_unprivileged != 0)
		return (0);
	return (priv_check(td, PRIV_DTRACE_KERNEL));
}

#ifdef DDB
/* show mtrace ADDR: the trace of the mbuf at ADDR, newest first. */
DB_SHOW_COMMAND(mtrace, mtrace_db_show)
{
	const struct m_tag *t;
	const struct mbuf *m;
	uint32_t n;

	if (!have_addr) {
		db_printf("usage: show mtrace ADDR (of an mbuf)\n");
		return;
	}
	m = (const struct mbuf *)addr;
	if ((m->m_flags & M_PKTHDR) == 0) {
		db_printf("mbuf %p has no packet header: no trace\n", m);
		return;
	}
	SLIST_FOREACH(t, &m->m_pkthdr.tags, m_tag_link) {
		if (db_pager_quit)
			return;
		if (t->m_tag_cookie != MTRACE_COOKIE)
			continue;
		switch (t->m_tag_id) {
		case MTRACE_TAG_DATA:
			db_printf("(%d bytes of packet at %p)\n",
			    t->m_tag_len, t + 1);
			break;
		case MTRACE_TAG_STRING:
			db_printf("%.*s\n", t->m_tag_len,
			    (const char *)(t + 1));
			break;
		case MTRACE_TAG_START:
			db_printf("(started)\n");
			break;
		case MTRACE_TAG_LEFT_OUT:
			if (mtrace_is_record(t)) {
				memcpy(&n, t + 1, sizeof(n));
				db_printf("(%u records left out)\n", n);
			}
			break;
		}
	}
}
#endif /* DDB */
