/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Safe access to mbuf chains from probe context.
 *
 * A chain may be anything by the time a probe fires: freed, forged, a ring, or
 * under change by another CPU.  So nothing here dereferences a pointer that it
 * was given: every byte comes through a safe load, after dtrace_canload() has
 * allowed it, and the fault flag is looked at after each; a walk ends at the
 * first fault, and after dtrace_mbuf_maxchain mbufs.  What is written lies in
 * scratch memory, between bounds that were fixed before the first byte was
 * read.
 *
 * The includer provides, beside struct mbuf, uintptr_t and their kin:
 *
 *   dtrace_load8() to dtrace_load64(), dtrace_canload(), dtrace_mstate_t,
 *   DTRACE_CPUFLAG_SET() and _ISSET(), cpu_core[curcpu].cpuc_dtrace_illval:
 *	DTrace's own;
 *   DTRACE_MBUF_SCRATCH(address):
 *	the memory at an address in scratch, as a uint8_t *;
 *   DTRACE_MBUF_BYTE(value, size, k):
 *	byte k, in memory order, of an integer of size bytes;
 *   DTRACE_MBUF_M_FLAGS(word):
 *	m_flags of the 32 bits behind m_len, which it shares with m_type;
 * and on a system whose mbufs can be unmapped, which is to say hold their data
 * in pages that have no mapping of their own:
 *
 *   DTRACE_MBUF_UNMAPPED:
 *	the flag in m_flags that says so;
 *   DTRACE_MBUF_HAS_DMAP:
 *	whether this machine has all physical memory in a direct map;
 *   DTRACE_MBUF_DMAP(pa):
 *	the address of pa there, or 0 where the direct map does not reach it;
 *   DTRACE_MBUF_PAGES:
 *	the type of the structure that lists the pages, which has the fields
 *	m_epg_npgs, m_epg_hdrlen, m_epg_trllen, m_epg_1st_off, m_epg_last_len,
 *	m_epg_pa[], m_epg_hdr[] and m_epg_trail[];
 *   DTRACE_MBUF_PAGES_PTR:
 *	the offset in struct mbuf of the pointer to it, where it is not in the
 *	mbuf itself.
 *
 * The comments that begin with an at sign are specifications in ACSL, from
 * which Frama-C proves what they say.
 */

/* From the start of the header through the last field that a walk reads. */
#define	DTRACE_MBUF_TYPEFLAGS	\
	(offsetof(struct mbuf, m_len) + sizeof (int32_t))
#ifdef DTRACE_MBUF_UNMAPPED
#define	DTRACE_MBUF_HEADER	(DTRACE_MBUF_TYPEFLAGS + sizeof (uint32_t))

/* The fields of DTRACE_MBUF_PAGES: where, how wide, how many elements. */
#define	DTRACE_MBUF_AT(field)	offsetof(DTRACE_MBUF_PAGES, field)
#define	DTRACE_MBUF_WIDTH(field)	sizeof (((DTRACE_MBUF_PAGES *)0)->field)
#define	DTRACE_MBUF_END(field)	\
	(DTRACE_MBUF_AT(field) + DTRACE_MBUF_WIDTH(field))
#define	DTRACE_MBUF_ELEMENTS(field)	\
	(DTRACE_MBUF_WIDTH(field) / DTRACE_MBUF_WIDTH(field[0]))

/* All of the counts, from the first of them, m_epg_npgs, through the last. */
#define	DTRACE_MBUF_COUNTS	\
	((DTRACE_MBUF_END(m_epg_last_len) > DTRACE_MBUF_END(m_epg_trllen) ? \
	DTRACE_MBUF_END(m_epg_last_len) : DTRACE_MBUF_END(m_epg_trllen)) - \
	DTRACE_MBUF_AT(m_epg_npgs))
#else
#define	DTRACE_MBUF_HEADER	DTRACE_MBUF_TYPEFLAGS
#endif

static void
dtrace_mbuf_badaddr(uintptr_t illval)
{
	DTRACE_CPUFLAG_SET(CPU_DTRACE_BADADDR);
	cpu_core[curcpu].cpuc_dtrace_illval = illval;
}

/*
 * A safe load of 1, 2, 4 or 8 bytes.
 */
static uint64_t
dtrace_mbuf_load(uintptr_t addr, size_t size)
{
	uint64_t value;

	if (size == 8)
		value = dtrace_load64(addr);
	else if (size == 4)
		value = dtrace_load32(addr);
	else if (size == 2)
		value = dtrace_load16(addr);
	else
		value = dtrace_load8(addr);

	return (value);
}

/*
 * Store an integer of 1, 2, 4 or 8 bytes at dst[at], of any alignment.
 */
static void
dtrace_mbuf_store(uint8_t *dst, size_t at, uint64_t value, size_t size)
{
	size_t k;

	if (size == 8) {
		/* Unrolled: compilers make one store of it. */
		dst[at] = DTRACE_MBUF_BYTE(value, 8, 0);
		dst[at + 1] = DTRACE_MBUF_BYTE(value, 8, 1);
		dst[at + 2] = DTRACE_MBUF_BYTE(value, 8, 2);
		dst[at + 3] = DTRACE_MBUF_BYTE(value, 8, 3);
		dst[at + 4] = DTRACE_MBUF_BYTE(value, 8, 4);
		dst[at + 5] = DTRACE_MBUF_BYTE(value, 8, 5);
		dst[at + 6] = DTRACE_MBUF_BYTE(value, 8, 6);
		dst[at + 7] = DTRACE_MBUF_BYTE(value, 8, 7);
		return;
	}

	/*@ loop invariant k <= size;
	    loop invariant \forall integer j; at <= j < at + k ==>
	      dst[j] == byte_of(value, size, j - at);
	    loop assigns k, dst[at .. at + size - 1];
	    loop variant size - k; */
	for (k = 0; k < size; k++)
		dst[at + k] = DTRACE_MBUF_BYTE(value, size, k);
}

/*
 * Copy len bytes at src to dst[at], by the widest loads that the alignment of
 * src and the bytes left allow.  A load is aligned, so it cannot lie across two
 * pages, and its fault has one address.  The stores are to memory that is known
 * to be there, and need no alignment.
 */
static void
dtrace_mbuf_copybytes(uintptr_t src, size_t len, uint8_t *dst, size_t at,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	uint64_t value;
	size_t done, size;

	if (!dtrace_canload(src, len, mstate, vstate))
		return;

	/*@ loop invariant done <= len;
	    loop invariant !faulted;
	    loop invariant stable ==> \forall integer j;
	      at <= j < at + done ==> dst[j] == mem(src, j - at);
	    loop assigns done, size, value, cpu_fault, cpu_core[0],
	      dst[at .. at + len - 1];
	    loop variant len - done; */
	for (done = 0; done < len; done += size) {
		size = sizeof (uintptr_t);
		/*@ loop invariant size == 1 || size == 2 || size == 4 ||
		      size == 8;
		    loop invariant size <= sizeof (uintptr_t);
		    loop assigns size;
		    loop variant size; */
		while (size > len - done || (src + done) % size != 0)
			size /= 2;

		/*@ assert done + size <= len; */
		value = dtrace_mbuf_load(src + done, size);
		if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
			return;
		/*@ assert bytes: stable ==>
		      \forall integer i; 0 <= i < size ==>
		      byte_of(value, size, i) == mem(src, done + i); */

		dtrace_mbuf_store(dst, at + done, value, size);
	}
}

#ifdef DTRACE_MBUF_UNMAPPED
/*
 * Where page i of the unmapped mbuf at m is in the direct map, as the list at
 * base has it.  A page that lies outside is a bad address, the mbuf's own.
 */
static uintptr_t
dtrace_mbuf_page(uintptr_t m, uintptr_t base, size_t i, dtrace_mstate_t *mstate,
    dtrace_vstate_t *vstate)
{
	uintptr_t field, page;
	uint64_t pa;

	field = base + DTRACE_MBUF_AT(m_epg_pa) +
	    i * DTRACE_MBUF_WIDTH(m_epg_pa[0]);
	if (!dtrace_canload(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]), mstate,
	    vstate))
		return (0);
	pa = dtrace_mbuf_load(field, DTRACE_MBUF_WIDTH(m_epg_pa[0]));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return (0);

	page = DTRACE_MBUF_DMAP(pa);
	if (page == 0)
		dtrace_mbuf_badaddr(m);
	return (page);
}

/* What an unmapped mbuf says of its pieces. */
struct dtrace_mbuf_counts {
	size_t npgs;		/* pages */
	size_t hdrlen;		/* header bytes */
	size_t trllen;		/* trailer bytes */
	size_t first;		/* offset of the data in the first page */
	size_t last;		/* bytes in the last page */
};

/*
 * Copy len bytes, from skip on, of the pieces of the unmapped mbuf at m to
 * dst[at].  Piece 0 is the header and the last one the trailer, both of which
 * are kept at base; between them are the pages.
 */
/*@ requires quiet: !faulted;
    requires at + len <= SIZE_MAX && 0 < len;
    requires counts.npgs <= 5 && counts.hdrlen <= PAGE_SIZE &&
      counts.trllen <= PAGE_SIZE && counts.first < PAGE_SIZE &&
      counts.last <= PAGE_SIZE;
    requires stable ==> counts.npgs == npgs(base) &&
      counts.hdrlen == hdrlen(base) && counts.trllen == trllen(base) &&
      counts.first == first_off(base) && counts.last == last_len(base);
    requires \valid(dst + (at .. at + len - 1));
    requires \separated(dst + (at .. at + len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      dst[at .. at + len - 1];
    ensures copied: stable && !faulted ==>
      \forall integer i; at <= i < at + len ==>
      dst[i] == pages_at(base, skip, i - at);
 */
static void
dtrace_mbuf_copypieces(uintptr_t m, uintptr_t base,
    struct dtrace_mbuf_counts counts, size_t skip, size_t len, uint8_t *dst,
    size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	uintptr_t src;
	size_t chunk, done, i, size;

	done = 0;
	/*@ ghost size_t passed = 0; */
	/*@ loop invariant 0 <= i <= counts.npgs + 2;
	    loop invariant !faulted;
	    loop invariant done < len;
	    loop invariant passed <= i * PAGE_SIZE;
	    loop invariant next: passed + skip == \at(skip, Pre) + done;
	    loop invariant rest: stable ==> \forall integer p; passed <= p ==>
	      piece_byte(base, p, 0) == piece_byte(base, p - passed, i);
	    loop invariant copied: stable ==> \forall integer k;
	      at <= k < at + done ==>
	      dst[k] == pages_at(base, \at(skip, Pre), k - at);
	    loop assigns i, skip, done, size, chunk, src, passed,
	      cpu_fault, cpu_core[0], allowed_base, allowed_size,
	      dst[at .. at + len - 1];
	    loop variant counts.npgs + 2 - i; */
	for (i = 0; i < counts.npgs + 2; i++) {
		/*@ assigns size;
		    ensures size <= PAGE_SIZE;
		    ensures stable ==> size == piece_size(base, i); */
		if (i == 0)
			size = counts.hdrlen;
		else if (i == counts.npgs + 1)
			size = counts.trllen;
		else if (i == counts.npgs)
			size = counts.last;
		else
			size = PAGE_SIZE - (i == 1 ? counts.first : 0);
		/*@ assert here: stable ==> \forall integer p;
		      passed <= p < passed + size ==> piece_byte(base, p, 0) ==
		      mem(piece_at(base, i), p - passed); */
		/*@ assert beyond: stable ==> \forall integer p;
		      passed + size <= p ==> piece_byte(base, p, 0) ==
		      piece_byte(base, p - (passed + size), i + 1); */

		if (skip < size) {
			if (i == 0) {
				src = base + DTRACE_MBUF_AT(m_epg_hdr);
			} else if (i == counts.npgs + 1) {
				src = base + DTRACE_MBUF_AT(m_epg_trail);
			} else {
				src = dtrace_mbuf_page(m, base, i - 1, mstate,
				    vstate);
				if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
					return;
				if (i == 1)
					src += counts.first;
			}
			/*@ assert from: stable ==> src == piece_at(base, i); */

			chunk = size - skip;
			if (chunk > len - done)
				chunk = len - done;
			/*@ assert stable ==> \forall integer k;
			      0 <= k < chunk ==> mem(wrap(src + skip), k) ==
			      mem(src, skip + k); */
			/*@ assert stable ==> \forall integer q;
			      done <= q < done + chunk ==>
			      pages_at(base, \at(skip, Pre), q) ==
			      mem(wrap(src + skip), q - done); */
			dtrace_mbuf_copybytes(src + skip, chunk, dst, at + done,
			    mstate, vstate);
			if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
				return;
			/*@ assert stable ==> \forall integer k;
			      at + done <= k < at + done + chunk ==> dst[k] ==
			      pages_at(base, \at(skip, Pre), k - at); */
			/*@ assert stable ==> \forall integer k;
			      at <= k < at + done ==> dst[k] ==
			      pages_at(base, \at(skip, Pre), k - at); */
			done += chunk;
			/*@ assert stable ==> \forall integer k;
			      at <= k < at + done ==> dst[k] ==
			      pages_at(base, \at(skip, Pre), k - at); */
			if (done == len)
				return;
			skip = size;
		}
		/*@ ghost passed += size; */
		skip -= size;
		/*@ assert stable ==> \forall integer p; passed <= p ==>
		      piece_byte(base, p, 0) ==
		      piece_byte(base, p - passed, i + 1); */
		/*@ assert stable ==> \forall integer k; at <= k < at + done ==>
		      dst[k] == pages_at(base, \at(skip, Pre), k - at); */
	}

	/* The mbuf has fewer bytes than its m_len says. */
	dtrace_mbuf_badaddr(m);
}

/*
 * Copy len bytes from off of the one unmapped mbuf at m to dst[at].
 *
 * Its data is, in this order, the header bytes that are kept with the list of
 * pages, the pages, and the trailer bytes kept there; m_data is an offset into
 * these.  Whatever does not fit together is a bad address, the mbuf's own.
 */
static void
dtrace_mbuf_copypages(uintptr_t m, size_t off, size_t len, uint8_t *dst,
    size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	struct dtrace_mbuf_counts counts;
	uintptr_t base;
	size_t data;

	data = dtrace_loadptr(m + offsetof(struct mbuf, m_data));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;

	base = m;
#ifdef DTRACE_MBUF_PAGES_PTR
	if (!dtrace_canload(m + DTRACE_MBUF_PAGES_PTR, sizeof (uintptr_t),
	    mstate, vstate))
		return;
	base = dtrace_loadptr(m + DTRACE_MBUF_PAGES_PTR);
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
#endif

	if (!dtrace_canload(base + DTRACE_MBUF_AT(m_epg_npgs),
	    DTRACE_MBUF_COUNTS, mstate, vstate))
		return;
	counts.npgs = dtrace_mbuf_load(base + DTRACE_MBUF_AT(m_epg_npgs),
	    DTRACE_MBUF_WIDTH(m_epg_npgs));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
	counts.hdrlen = dtrace_mbuf_load(base + DTRACE_MBUF_AT(m_epg_hdrlen),
	    DTRACE_MBUF_WIDTH(m_epg_hdrlen));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
	counts.trllen = dtrace_mbuf_load(base + DTRACE_MBUF_AT(m_epg_trllen),
	    DTRACE_MBUF_WIDTH(m_epg_trllen));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
	counts.first = dtrace_mbuf_load(base + DTRACE_MBUF_AT(m_epg_1st_off),
	    DTRACE_MBUF_WIDTH(m_epg_1st_off));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
	counts.last = dtrace_mbuf_load(base + DTRACE_MBUF_AT(m_epg_last_len),
	    DTRACE_MBUF_WIDTH(m_epg_last_len));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;

	if (counts.npgs > DTRACE_MBUF_ELEMENTS(m_epg_pa) ||
	    counts.hdrlen > DTRACE_MBUF_ELEMENTS(m_epg_hdr) ||
	    counts.trllen > DTRACE_MBUF_ELEMENTS(m_epg_trail) ||
	    counts.first >= PAGE_SIZE || counts.last > PAGE_SIZE -
	    (counts.npgs == 1 ? counts.first : 0) || off > SIZE_MAX - data) {
		dtrace_mbuf_badaddr(m);
		return;
	}

	/*@ assert stable ==> base == mbuf_pages(m) && data == mbuf_data(m); */
	dtrace_mbuf_copypieces(m, base, counts, data + off, len, dst, at,
	    mstate, vstate);
}
#endif /* DTRACE_MBUF_UNMAPPED */

/*
 * Copy len bytes from off of the one mbuf at m, which has them and whose
 * header may be loaded.
 */
static void
dtrace_mbuf_copyone(uintptr_t m, size_t off, size_t len, uint8_t *dst,
    size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	uintptr_t data;

#ifdef DTRACE_MBUF_UNMAPPED
	uint32_t typeflags;

	typeflags = dtrace_load32(m + DTRACE_MBUF_TYPEFLAGS);
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;
	if (DTRACE_MBUF_M_FLAGS(typeflags) & DTRACE_MBUF_UNMAPPED) {
		if (!DTRACE_MBUF_HAS_DMAP) {
			dtrace_mbuf_badaddr(m);
			return;
		}
		dtrace_mbuf_copypages(m, off, len, dst, at, mstate, vstate);
		/*@ assert stable && !faulted ==> \forall integer i;
		      0 <= i < len ==> mbuf_byte(m, off + i) ==
		      pages_byte(m, mbuf_data(m) + off, i); */
		return;
	}
#endif

	data = dtrace_loadptr(m + offsetof(struct mbuf, m_data));
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;

	/*@ assert stable ==> \forall integer i; 0 <= i < len ==>
	      mem(wrap(data + off), i) == mbuf_byte(m, off + i); */
	dtrace_mbuf_copybytes(data + off, len, dst, at, mstate, vstate);
}

/*
 * Copy len bytes from off of the chain at m to dst, or only count them where
 * dst is NULL.  Returns how many there were: len, or fewer where the chain
 * ends before.  After a fault the value has no meaning.
 *
 * No header is read past the mbuf that holds the last byte asked for.
 */
static size_t
dtrace_mbuf_copydata(uintptr_t m, size_t off, size_t len, uint8_t *dst,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	size_t chunk, done;
	uint32_t mlen;
	int left;

	done = 0;
	/* Whatever the tunable says: this runs with interrupts off. */
	left = dtrace_mbuf_maxchain;
	if (left > DTRACE_MBUF_MOST)
		left = DTRACE_MBUF_MOST;
	/*@ ghost unsigned long long passed = 0; */
	/*@ loop invariant done <= len;
	    loop invariant !faulted;
	    loop invariant left <= \at(walk_limit, Pre);
	    loop invariant passed + 2147483647 * left <=
	      2147483647 * \at(walk_limit, Pre);
	    loop invariant at: done < len ==>
	      \at(off, Pre) + done == passed + off;
	    loop invariant rest: stable && done < len ==> \forall integer p;
	      passed <= p ==>
	      chain_byte(\at(m, Pre), p, walk_limit) ==
	      chain_byte(m, p - passed, left);
	    loop invariant exist: stable ==>
	      \forall integer i; 0 <= i < done ==>
	      chain_has(\at(m, Pre), \at(off, Pre), i,
	      walk_limit);
	    loop invariant copied: stable && dst != \null ==> \forall integer i;
	      0 <= i < done ==> dst[i] ==
	      chain_at(\at(m, Pre), \at(off, Pre), i, walk_limit);
	    loop assigns m, off, done, left, chunk, mlen, passed,
	      cpu_fault, cpu_core[0], allowed_base, allowed_size,
	      header_base, header_size,
	      dst[0 .. len - 1];
	    loop variant left < 0 ? 0 : left; */
	while (done < len && m != 0) {
		if (left <= 0) {
			DTRACE_CPUFLAG_SET(CPU_DTRACE_ILLOP);
			return (0);
		}
		left--;

		if (!dtrace_canload(m, DTRACE_MBUF_HEADER, mstate, vstate))
			return (0);
		/*@ ghost header_base = allowed_base; */
		/*@ ghost header_size = allowed_size; */

		mlen = dtrace_load32(m + offsetof(struct mbuf, m_len));
		if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
			return (0);
		if (mlen > INT32_MAX) {
			dtrace_mbuf_badaddr(m + offsetof(struct mbuf, m_len));
			return (0);
		}

		/*@ assert here: stable ==> \forall integer p;
		      passed <= p < passed + mlen ==>
		      chain_byte(\at(m, Pre), p, walk_limit) ==
		      known(mbuf_byte(m, p - passed)); */
		/*@ assert next: stable ==> \forall integer p; mlen <= p ==>
		      chain_byte(m, p, left + 1) ==
		      chain_byte(mbuf_next(m), p - mlen, left); */
		/*@ assert beyond: stable ==> \forall integer p;
		      passed + mlen <= p ==>
		      chain_byte(\at(m, Pre), p, walk_limit) ==
		      chain_byte(mbuf_next(m), p - passed - mlen, left); */
		if (off >= mlen) {
			off -= mlen;
		} else {
			chunk = mlen - off;
			if (chunk > len - done)
				chunk = len - done;
			if (dst != NULL) {
				dtrace_mbuf_copyone(m, off, chunk, dst, done,
				    mstate, vstate);
				if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
					return (0);
			}
			/*@ assert stable ==> \forall integer i;
			      done <= i < done + chunk ==>
			      chain_at(\at(m, Pre), \at(off, Pre), i,
			      \at(walk_limit, Pre)) ==
			      known(mbuf_byte(m, off + (i - done))); */
			/*@ assert stable && dst != \null ==>
			      \forall integer i; done <= i < done + chunk ==>
			      dst[i] == mbuf_byte(m, off + (i - done)); */
			/*@ assert stable && dst != \null ==>
			      \forall integer i; 0 <= i < done ==> dst[i] ==
			      chain_at(\at(m, Pre), \at(off, Pre), i,
			      \at(walk_limit, Pre)); */
			done += chunk;
			off = 0;
			/*@ assert stable && dst != \null ==>
			      \forall integer i; 0 <= i < done ==> dst[i] ==
			      chain_at(\at(m, Pre), \at(off, Pre), i,
			      \at(walk_limit, Pre)); */
		}

		/*@ ghost passed += mlen; */
		/*@ assert stable ==> \forall integer p; passed <= p ==>
		      chain_byte(\at(m, Pre), p,
		      \at(walk_limit, Pre)) ==
		      chain_byte(mbuf_next(m), p - passed, left); */
		if (done < len) {
			m = dtrace_loadptr(m +
			    offsetof(struct mbuf, m_next));
			/*@ assert stable && !faulted ==>
			      m == mbuf_next(\at(m, LoopCurrent)); */
			if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
				return (0);
		}
	}

	return (done);
}

/*
 * Make the len bytes at dst those from off of the chain at m, and zero past
 * its end: scratch is full of old trace records.
 */
static void
dtrace_mbuf_fill(uintptr_t m, size_t off, size_t len, uint8_t *dst,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	/* Volatile, lest a compiler call memset(), on which probes can be. */
	volatile uint8_t *zero;
	size_t i;

	i = dtrace_mbuf_copydata(m, off, len, dst, mstate, vstate);
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return;

	/*@ ghost size_t copied = i; */
	zero = dst;
	/*@ loop invariant copied <= i <= len;
	    loop invariant stable ==> \forall integer j; 0 <= j < copied ==>
	      dst[j] == chain_at(m, off, j, walk_limit);
	    loop invariant \forall integer j; copied <= j < i ==> dst[j] == 0;
	    loop assigns i, dst[copied .. len - 1];
	    loop variant len - i; */
	for (; i < len; i++)
		zero[i] = 0;
}

/*
 * copyoutmbuf(): the result's address in scratch, or 0 after a fault.
 */
static uintptr_t
dtrace_mbuf_copyout(uintptr_t m, size_t length, size_t off,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate)
{
	uintptr_t dest;
	size_t n, pad, room;

	if (m == 0) {
		dtrace_mbuf_badaddr(0);
		return (0);
	}

	n = length;
	if (n == 0) {
		n = dtrace_mbuf_copydata(m, off, SIZE_MAX, NULL, mstate,
		    vstate);
		if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
			return (0);
	}

	room = mstate->dtms_scratch_base + mstate->dtms_scratch_size -
	    mstate->dtms_scratch_ptr;
	pad = (8 - mstate->dtms_scratch_ptr % 8) % 8;
	if (pad > room || n > room - pad) {
		DTRACE_CPUFLAG_SET(CPU_DTRACE_NOSCRATCH);
		return (0);
	}
	dest = mstate->dtms_scratch_ptr + pad;

	dtrace_mbuf_fill(m, off, n, DTRACE_MBUF_SCRATCH(dest), mstate, vstate);
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return (0);

	/*@ assert stable ==> \forall integer i; 0 <= i < n ==>
	      *(scratch + (dest - scratch_base + i)) ==
	      zero_past(chain_at(m, off, i, walk_limit)); */
	mstate->dtms_scratch_ptr = dest + n;
	return (dest);
}

/*
 * mbuflen(): the bytes of data in a chain, or 0 after a fault.
 */
static size_t
dtrace_mbuf_length(uintptr_t m, dtrace_mstate_t *mstate,
    dtrace_vstate_t *vstate)
{
	size_t length;

	if (m == 0) {
		dtrace_mbuf_badaddr(0);
		return (0);
	}

	length = dtrace_mbuf_copydata(m, 0, SIZE_MAX, NULL, mstate, vstate);
	if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
		return (0);

	return (length);
}
