/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * The rest of the kernel, as far as mbuf_trace meets it: packets that are
 * made, copied, moved and freed as mbuf(9) says, with the hooks where the
 * patches put them; sysctl(3); a tap with listeners.  Driven from Python by
 * ctypes and by the fuzzer.
 */

#include "harness.h"
#include "mbuf_trace.h"

#undef malloc
#undef free
#undef vsnprintf

/*
 * Memory.
 */
long shim_fail_at;
long shim_live;

void *
shim_malloc(size_t size)
{
	void *p;

	if (shim_fail_at > 0 && --shim_fail_at == 0)
		return (NULL);
	p = malloc(size);
	if (p != NULL) {
		shim_live++;
		memset(p, 0xa5, size);
	}
	return (p);
}

void
shim_free(void *p)
{

	if (p != NULL)
		shim_live--;
	free(p);
}

/*
 * Tags.
 */
struct m_tag *
m_tag_alloc(uint32_t cookie, int id, int length, int how __unused)
{
	struct m_tag *t;

	if (length < 0)
		return (NULL);
	t = shim_malloc(sizeof(*t) + length);
	if (t == NULL)
		return (NULL);
	t->m_tag_link.sle_next = NULL;
	t->m_tag_id = id;
	t->m_tag_len = length;
	t->m_tag_cookie = cookie;
	return (t);
}

struct m_tag *
m_tag_locate(struct mbuf *m, uint32_t cookie, int id, struct m_tag *t)
{

	t = t == NULL ? SLIST_FIRST(&m->m_pkthdr.tags) :
	    SLIST_NEXT(t, m_tag_link);
	while (t != NULL && (t->m_tag_cookie != cookie || t->m_tag_id != id))
		t = SLIST_NEXT(t, m_tag_link);
	return (t);
}

void
m_tag_prepend(struct mbuf *m, struct m_tag *t)
{

	t->m_tag_link.sle_next = m->m_pkthdr.tags.slh_first;
	m->m_pkthdr.tags.slh_first = t;
}

static void
tags_delete(struct mbuf *m, bool persistent)
{
	struct m_tag **at, *t;

	at = &m->m_pkthdr.tags.slh_first;
	while ((t = *at) != NULL) {
		if (!persistent && (t->m_tag_id & MTAG_PERSISTENT) != 0)
			at = &t->m_tag_link.sle_next;
		else {
			*at = t->m_tag_link.sle_next;
			shim_free(t);
		}
	}
}

/* As m_tag_delete_chain(m, NULL), with the hook. */
static void
tags_die(struct mbuf *m)
{

	mtrace_deliver(m);
	tags_delete(m, true);
}

/* As m_tag_copy_chain(), with the hook. */
static bool
tags_copy(struct mbuf *to, const struct mbuf *from)
{
	struct m_tag **at, *new, *t;

	tags_die(to);
	at = &to->m_pkthdr.tags.slh_first;
	SLIST_FOREACH(t, &from->m_pkthdr.tags, m_tag_link) {
		new = m_tag_alloc(t->m_tag_cookie, t->m_tag_id, t->m_tag_len,
		    M_NOWAIT);
		if (new == NULL && mtrace_uncopied(t))
			continue;
		if (new == NULL) {
			tags_die(to);
			return (false);
		}
		memcpy(new + 1, t + 1, t->m_tag_len);
		*at = new;
		at = &new->m_tag_link.sle_next;
	}
	return (true);
}

/*
 * Packets.  (They themselves come from where nothing fails.)
 */
struct mbuf *
shim_mbuf(bool header, const char *bytes, int length)
{
	struct mbuf *m;

	m = calloc(1, sizeof(*m));
	m->m_flags = header ? M_PKTHDR : 0;
	m->m_len = length;
	m->m_storage = malloc(length > 0 ? length : 1);
	if (length > 0)
		memcpy(m->m_storage, bytes, length);
	m->m_data = m->m_storage;
	return (m);
}

void
shim_append(struct mbuf *m, struct mbuf *n)
{

	while (m->m_next != NULL)
		m = m->m_next;
	m->m_next = n;
}

void
shim_set_length(struct mbuf *m, int length)
{

	m->m_len = length;
}

static struct mbuf *
mbuf_free(struct mbuf *m)
{
	struct mbuf *next;

	if ((m->m_flags & M_PKTHDR) != 0)
		tags_die(m);
	next = m->m_next;
	free(m->m_storage);
	free(m);
	return (next);
}

void
m_freem(struct mbuf *m)
{

	while (m != NULL)
		m = mbuf_free(m);
}

void
m_copydata(const struct mbuf *m, int offset, int length, caddr_t to)
{
	int n;

	for (; length > 0; m = m->m_next) {
		n = MIN(MAX(m->m_len, 0), length);
		memcpy(to, m->m_data + offset, n);
		to += n;
		length -= n;
	}
}

/* As m_dup() and m_copym() of a whole packet. */
struct mbuf *
shim_copy(const struct mbuf *m)
{
	struct mbuf *first, *n;

	first = n = shim_mbuf(m->m_flags & M_PKTHDR, m->m_data,
	    MAX(m->m_len, 0));
	if ((m->m_flags & M_PKTHDR) != 0 && !tags_copy(first, m)) {
		m_freem(first);
		return (NULL);
	}
	while ((m = m->m_next) != NULL) {
		n->m_next = shim_mbuf(false, m->m_data, MAX(m->m_len, 0));
		n = n->m_next;
	}
	return (first);
}

/* As m_pullup() and others do that put a new mbuf before a packet. */
struct mbuf *
shim_pullup(struct mbuf *m)
{
	struct mbuf *n;

	n = shim_mbuf(true, NULL, 0);
	n->m_pkthdr = m->m_pkthdr;
	m->m_pkthdr.tags.slh_first = NULL;
	m->m_flags &= ~M_PKTHDR;
	n->m_next = m;
	return (n);
}

/* As m_demote() of what a socket buffer takes. */
void
shim_demote(struct mbuf *m)
{

	for (; m != NULL; m = m->m_next)
		if ((m->m_flags & M_PKTHDR) != 0) {
			tags_die(m);
			m->m_flags &= ~M_PKTHDR;
		}
}

/* As if_simloop() and icmp_reflect() do. */
void
shim_loopback(struct mbuf *m)
{

	tags_delete(m, false);
}

/* A tag of somebody else's making, as ng_tag(4) can make it. */
void
shim_tag(struct mbuf *m, uint32_t cookie, int id, const char *bytes,
    int length)
{
	struct m_tag *t;

	t = m_tag_alloc(cookie, id, length, M_NOWAIT);
	if (t != NULL) {
		memcpy(t + 1, bytes, length);
		m_tag_prepend(m, t);
	}
}

/* Tags of all sorts on a packet. */
int
shim_tags(const struct mbuf *m)
{
	const struct m_tag *t;
	int n;

	n = 0;
	SLIST_FOREACH(t, &m->m_pkthdr.tags, m_tag_link)
		n++;
	return (n);
}

/*
 * The interface of mtrace(9), with positions as given instead of this file's.
 */
void
shim_start(struct mbuf *m)
{

	mtrace_start(m);
}

void
shim_data(struct mbuf *m)
{

	mtrace_data(m);
}

void
shim_string(struct mbuf *m, const char *position, const char *s, size_t length)
{

	MTRACE(mtrace_string_(m, position, s, length));
}

void
shim_text(struct mbuf *m, const char *position, const char *s)
{

	MTRACE(mtrace_text_(m, position, s));
}

void
shim_function(struct mbuf *m, const char *position, int sign, const char *name)
{

	MTRACE(mtrace_function_(m, position, sign, name));
}

void
shim_printf(struct mbuf *m, const char *position, const char *s, int n)
{

	MTRACE(mtrace_printf_(m, position, "%s(%d)", s, n));
}

void
shim_printf_nothing(struct mbuf *m, const char *position)
{

	MTRACE(mtrace_printf_(m, position, "%s", ""));
}

/* Where another CPU writes a NUL once a string's length was taken. */
static char *shim_shorten;

int
shim_vsnprintf(char *to, size_t size, const char *format, va_list ap)
{
	int n;

	n = vsnprintf(to, size, format, ap);
	if (shim_shorten != NULL)
		*shim_shorten = '\0';
	shim_shorten = NULL;
	return (n);
}

void
shim_printf_shortened(struct mbuf *m, const char *position, const char *s,
    char *end)
{

	shim_shorten = end;
	MTRACE(mtrace_printf_(m, position, "%s", s));
}

/* Every macro once, at line 1 and on of a file. */
void
shim_macros(struct mbuf *m)
{
	char dynamic[] = "dynamic";

#line 1 "net/if.c"
	mtrace_start(m);
	mtrace_data(m);
	mtrace_printf(m, "%s %d", "printf", 3);
	mtrace_static_length(m, "static_length", 6);
	mtrace_static(m, "static");
	mtrace_dynamic_length(m, dynamic, 3);
	mtrace_dynamic(m, dynamic);
	mtrace(m, "mtrace");
	mtrace_(m);
	mtrace_enter(m);
	mtrace_leave(m);
	mtrace_func(m);
}


/* The toggles: an interface, a process that sends, a socket. */
void
shim_interface(struct mbuf *m, const char *name)
{
	struct ifnet ifp;

	memset(&ifp, 0, sizeof(ifp));
	strlcpy(ifp.if_xname, name, sizeof(ifp.if_xname));
	mtrace_interface(m, &ifp);
}

/* So many sends: the options that are left, or -1 if a lock is. */
int
shim_process(struct mbuf *m, int pid, int options, int sends, int *locks)
{
	struct proc p = { pid };
	struct thread td = { &p, NULL };
	struct socket socket = { options, 0, 0 }, *so = &socket;

	while (sends-- > 0)
		mtrace_process(so, &td);
	mtrace_socket(m, so);
	*locks = so->so_locks;
	return (so->so_locked != 0 ? -1 : so->so_options);
}

/* Who asks: root or another, on the host or in a jail. */
static struct ucred shim_cred;
static struct thread shim_thread = { NULL, &shim_cred };

void
shim_user(u_int uid, int jail)
{

	shim_cred.cr_uid = uid;
	shim_cred.cr_jail = jail;
}

/* As priv_check(9): a right that only root has, and no jail gives. */
int
priv_check(struct thread *td, int priv)
{

	if (priv != PRIV_DTRACE_KERNEL)
		abort();
	return (td->td_ucred->cr_uid != 0 || jailed(td->td_ucred) ? EPERM : 0);
}

/* As sosetopt(9) asks; without a thread it is the kernel that does. */
int
shim_sockopt(int name, bool kernel)
{
	struct sockopt sopt = { name, kernel ? NULL : &shim_thread };

	return (mtrace_sockopt(&sopt));
}

/* What another CPU stores into a sysctl, as soon as it was read. */
void *shim_stored_at;
u_int shim_stored;

/*
 * sysctl(3): name=value, old value out; an errno or 0.
 */
static struct sysctl_oid *shim_oids[64];
static int shim_oid_count;

void
shim_register(struct sysctl_oid *oid)
{

	shim_oids[shim_oid_count++] = oid;
}

int
sysctl_handle_string(struct sysctl_oid *oidp __unused, void *text,
    intmax_t size, struct sysctl_req *req)
{

	snprintf(req->old, req->oldlen, "%s", (char *)text);
	if (req->newptr == NULL)
		return (0);
	if (strlen(req->newptr) >= (size_t)size)
		return (EINVAL);
	memset(text, 0, size);
	strcpy(text, req->newptr);
	return (0);
}

void
shim_store(const char *name, u_int value)
{
	int i;

	shim_stored_at = NULL;
	shim_stored = value;
	for (i = 0; i < shim_oid_count; i++)
		if (name != NULL && strcmp(shim_oids[i]->name, name) == 0)
			shim_stored_at = shim_oids[i]->value;
}

const char *
shim_sysctl_name(int i)
{

	return (i < shim_oid_count ? shim_oids[i]->name : NULL);
}

int
shim_sysctl(const char *name, const char *new, char *old, size_t oldlen)
{
	struct sysctl_req req = { &shim_thread, new, old, oldlen };
	struct sysctl_oid *oid;
	int i;

	for (i = 0; i < shim_oid_count; i++) {
		oid = shim_oids[i];
		if (strcmp(oid->name, name) != 0)
			continue;
		switch (oid->kind) {
		case 'i':
			snprintf(old, oldlen, "%d", *(int *)oid->value);
			if (new != NULL)
				*(int *)oid->value = strtol(new, NULL, 10);
			return (0);
		case 'u':
			snprintf(old, oldlen, "%u", *(u_int *)oid->value);
			if (new != NULL)
				*(u_int *)oid->value = strtoul(new, NULL, 10);
			return (0);
		case 'l':
			snprintf(old, oldlen, "%lu", *(u_long *)oid->value);
			if (new != NULL)
				*(u_long *)oid->value = strtoul(new, NULL, 10);
			return (0);
		default:
			return (oid->handler(oid, oid->value, 0, &req));
		}
	}
	return (ENOENT);
}

/*
 * The tap: what it was given since it was last asked.
 */
struct frame {
	struct frame	*next;
	size_t		 size;
	uint8_t		 bytes[];
};
static struct bpf_if shim_bpf;
static char shim_tap_name[IFNAMSIZ];
static struct frame *shim_frames, **shim_frames_end = &shim_frames;

static struct ifnet shim_tap_interface;

struct ifnet *
if_alloc(int type __unused)
{

	return (&shim_tap_interface);
}

int
shim_tap_ioctl(u_long cmd)
{

	return (shim_tap_interface.if_ioctl(&shim_tap_interface, cmd, NULL));
}

void
if_initname(struct ifnet *ifp, const char *name, int unit __unused)
{

	strlcpy(ifp->if_xname, name, IFNAMSIZ);
}

void
bpfattach(struct ifnet *ifp, u_int dlt, u_int hdrlen __unused)
{

	strlcpy(shim_tap_name, ifp->if_xname, IFNAMSIZ);
	shim_bpf.dlt = dlt;
	ifp->if_bpf = &shim_bpf;
}

void
bpf_tap(struct bpf_if *bp, uint8_t *bytes, u_int size)
{
	struct frame *f;

	if (bp->peers == 0)
		abort();
	f = malloc(sizeof(*f) + size);
	f->next = NULL;
	f->size = size;
	memcpy(f->bytes, bytes, size);
	*shim_frames_end = f;
	shim_frames_end = &f->next;
}

const char *
shim_tap(u_int *dlt)
{

	*dlt = shim_bpf.dlt;
	return (shim_tap_name);
}

void
shim_listen(int peers)
{

	shim_bpf.peers = peers;
}

/* The size of the next frame, or -1; take it if there is room for it. */
long
shim_frame(uint8_t *bytes, size_t room)
{
	struct frame *f;
	long size;

	f = shim_frames;
	if (f == NULL)
		return (-1);
	size = f->size;
	if (bytes != NULL && room >= f->size) {
		memcpy(bytes, f->bytes, f->size);
		shim_frames = f->next;
		if (shim_frames == NULL)
			shim_frames_end = &shim_frames;
		free(f);
	}
	return (size);
}

/*
 * ddb(4)
 */
int db_pager_quit;
static char shim_ddb_text[65536];
static size_t shim_ddb_length;
void	mtrace_db_show(uintptr_t, bool, intmax_t, char *);

void
db_printf(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(shim_ddb_text + shim_ddb_length,
	    sizeof(shim_ddb_text) - shim_ddb_length, format, ap);
	va_end(ap);
	shim_ddb_length = MIN(shim_ddb_length + n, sizeof(shim_ddb_text) - 1);
}

const char *
shim_ddb(const struct mbuf *m)
{

	shim_ddb_length = 0;
	shim_ddb_text[0] = '\0';
	mtrace_db_show((uintptr_t)m, m != NULL, 0, NULL);
	return (shim_ddb_text);
}
