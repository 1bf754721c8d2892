/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What dtrace_mbuf.c is proved against: the primitives that its includer gives
 * it, as ACSL contracts, and what the core promises in return.
 */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* What is volatile to keep a compiler from calling memset() is so for that. */
#define	volatile

#define	CPU_DTRACE_BADADDR	0x0004
#define	CPU_DTRACE_ILLOP	0x0020
#define	CPU_DTRACE_NOSCRATCH	0x0040
#define	CPU_DTRACE_KPRIV	0x0080
#define	CPU_DTRACE_FAULT	0x13fc

#define	PAGE_SIZE	4096

/*
 * struct mbuf, for which one of these is chosen: without unmapped mbufs, with
 * the list of pages in the mbuf (1), or behind a pointer (2).
 */
#ifndef UNMAPPED
#define	UNMAPPED	0
#endif

#define	PAGE_LIST	\
	uint8_t m_epg_npgs;	\
	uint8_t m_epg_nrdy;	\
	uint8_t m_epg_hdrlen;	\
	uint8_t m_epg_trllen;	\
	uint16_t m_epg_1st_off;	\
	uint16_t m_epg_last_len;	\
	uint64_t m_epg_pa[5];	\
	char m_epg_trail[64];	\
	char m_epg_hdr[23];

struct pages {
	PAGE_LIST
};

struct mbuf {
	struct mbuf *m_next;
	struct mbuf *m_nextpkt;
	char *m_data;
	int32_t m_len;
	uint32_t m_typeflags;
#if UNMAPPED == 1
	PAGE_LIST
#elif UNMAPPED == 2
	struct pages *m_pages;
#endif
};

#if UNMAPPED == 1
#define	DTRACE_MBUF_UNMAPPED	0x100
#define	DTRACE_MBUF_PAGES	struct mbuf
#elif UNMAPPED == 2
#define	DTRACE_MBUF_UNMAPPED	0x100
#define	DTRACE_MBUF_PAGES	struct pages
#define	DTRACE_MBUF_PAGES_PTR	M_PAGES
#endif

/*
 * The same for specifications, in which offsetof() cannot stand; proof.c checks
 * that they agree.
 */
#define	M_NEXT	0
#define	M_DATA	(2 * sizeof (char *))
#define	M_LEN	(3 * sizeof (char *))
#define	M_FLAGS	(M_LEN + 4)
#define	M_PAGES	(M_LEN + 8)
#if UNMAPPED
#define	HEADER	(M_FLAGS + 4)
#else
#define	HEADER	(M_LEN + 4)
#endif
#if UNMAPPED == 1
#define	PG	M_PAGES
#else
#define	PG	0
#endif
#define	PG_NPGS	PG
#define	PG_HDRLEN	(PG + 2)
#define	PG_TRLLEN	(PG + 3)
#define	PG_1ST_OFF	(PG + 4)
#define	PG_LAST_LEN	(PG + 6)
#define	PG_PA	(PG + 8)
#define	PG_TRAIL	(PG + 48)
#define	PG_HDR	(PG + 112)

typedef struct dtrace_mstate {
	uintptr_t dtms_scratch_base;
	uintptr_t dtms_scratch_ptr;
	size_t dtms_scratch_size;
} dtrace_mstate_t;

typedef struct dtrace_vstate {
	int unused;
} dtrace_vstate_t;

/* The CPU: its fault flags but NOFAULT and DROP, and the offending value. */
static int cpu_fault;
static struct cpu { uintptr_t cpuc_dtrace_illval; } cpu_core[1];
#define	curcpu	0

static int dtrace_mbuf_maxchain;
/* The mbufs that a walk may visit, which DTRACE_MBUF_MOST bounds. */
#define	WALK_MOST	16384
/*@ logic integer walk_limit =
      dtrace_mbuf_maxchain > WALK_MOST ? WALK_MOST : dtrace_mbuf_maxchain; */

/*@ predicate faulted = cpu_fault != 0; */

/*
 * Memory.  An address is an integer; byte_at() is the image that memory holds
 * while nothing changes it, and word_at() the integers in it.  "stable" says
 * that this call of the core is one during which the loads do see that image:
 * no other CPU stores to what is read, and neither do the core's own stores
 * (the chain lies apart from the result).  Where it is not assumed, every load
 * may give anything.
 */
/*@ axiomatic Memory {
      logic integer byte_at(integer address);
      logic integer word_at(integer address, integer size);
      predicate stable;
      axiom bytes: \forall integer a; 0 <= byte_at(a) <= 255;
    } */

/*
 * Addresses wrap: the definition of conversion to an unsigned type (C99
 * 6.3.1.3), which this version of WP knows only within the type's range.
 */
/*@ logic integer wrap(integer a) = (uintptr_t)a; */
/*@ axiomatic Conversion {
      axiom above: \forall integer a; UINTPTR_MAX < a <= 2 * UINTPTR_MAX + 1 ==>
        wrap(a) == a - (UINTPTR_MAX + 1);
      axiom below: \forall integer a; -UINTPTR_MAX <= a < 0 ==>
        wrap(a) == a + (UINTPTR_MAX + 1);
    } */

/*@ lemma wrap_wrap: \forall integer a, k;
      0 <= a && 0 <= k && a + k <= 2 * UINTPTR_MAX + 1 && k <= UINTPTR_MAX ==>
      wrap(wrap(a) + k) == wrap(a + k); */

/* Byte i of what lies at a. */
/*@ logic integer mem(integer a, integer i) = byte_at(wrap(a + i)); */
/*@ lemma mem_mem: \forall integer a, i, k;
      0 <= a <= UINTPTR_MAX && 0 <= i && 0 <= k && i + k <= UINTPTR_MAX ==>
      mem(wrap(a + i), k) == mem(a, i + k); */

/*
 * What dtrace_canload() has allowed: the last range, and the range of the
 * header of the mbuf at hand.
 */
/*@ ghost uintptr_t allowed_base; */
/*@ ghost size_t allowed_size; */
/*@ ghost uintptr_t header_base; */
/*@ ghost size_t header_size; */
/*@ predicate in_range(integer a, integer n, integer base, integer size) =
      wrap(a - base) + n <= size; */
/*@ predicate may_load(integer a, integer n) =
      in_range(a, n, allowed_base, allowed_size) ||
      in_range(a, n, header_base, header_size); */

#define	DTRACE_CPUFLAG_ISSET(flags)	(cpu_fault != 0)
#define	DTRACE_CPUFLAG_SET(flag)	(cpu_fault = (flag))

/* Byte k of an integer as memory holds it, whatever the order of bytes. */
/*@ axiomatic Bytes {
      logic integer byte_of(integer value, integer size, integer k);
    } */
/*@ requires k < size;
    assigns \nothing;
    ensures \result == byte_of(value, size, k);
 */
static uint8_t mbuf_byte_of(uint64_t value, size_t size, size_t k);
#define	DTRACE_MBUF_BYTE(value, size, k)	mbuf_byte_of(value, size, k)

/*@ requires !faulted;
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size;
    ensures \result == 0 ==> cpu_fault == CPU_DTRACE_KPRIV &&
      cpu_core[0].cpuc_dtrace_illval == wrap(addr);
    ensures \result != 0 ==> !faulted && allowed_base == addr &&
      allowed_size == sz;
 */
static int dtrace_canload(uint64_t addr, size_t sz, dtrace_mstate_t *mstate,
    dtrace_vstate_t *vstate);

/*
 * The safe loads.  Nothing is known of what they give, and whether they fault,
 * unless memory is stable.
 */
/*@ requires quiet: !faulted;
    requires asked: may_load(addr, 1);
    assigns cpu_fault, cpu_core[0];
    ensures stable && !faulted ==> \result == word_at(addr, 1);
    ensures stable && !faulted ==> \forall integer k; 0 <= k < 1 ==>
      byte_of(\result, 1, k) == mem(addr, k);
 */
static uint8_t dtrace_load8(uintptr_t addr);

/*@ requires quiet: !faulted;
    requires asked: may_load(addr, 2);
    assigns cpu_fault, cpu_core[0];
    ensures stable && !faulted ==> \result == word_at(addr, 2);
    ensures stable && !faulted ==> \forall integer k; 0 <= k < 2 ==>
      byte_of(\result, 2, k) == mem(addr, k);
 */
static uint16_t dtrace_load16(uintptr_t addr);

/*@ requires quiet: !faulted;
    requires asked: may_load(addr, 4);
    assigns cpu_fault, cpu_core[0];
    ensures stable && !faulted ==> \result == word_at(addr, 4);
    ensures stable && !faulted ==> \forall integer k; 0 <= k < 4 ==>
      byte_of(\result, 4, k) == mem(addr, k);
 */
static uint32_t dtrace_load32(uintptr_t addr);

/*@ requires quiet: !faulted;
    requires asked: may_load(addr, 8);
    assigns cpu_fault, cpu_core[0];
    ensures stable && !faulted ==> \result == word_at(addr, 8);
    ensures stable && !faulted ==> \forall integer k; 0 <= k < 8 ==>
      byte_of(\result, 8, k) == mem(addr, k);
 */
static uint64_t dtrace_load64(uintptr_t addr);

#ifdef __LP64__
#define	dtrace_loadptr	dtrace_load64
#else
#define	dtrace_loadptr	dtrace_load32
#endif

/*
 * Scratch: an object of C, at some address.
 */
static uint8_t *scratch;
static uintptr_t scratch_base;
static size_t scratch_size;

/*@ requires scratch_base <= address <= scratch_base + scratch_size;
    assigns \nothing;
    ensures \result == scratch + (address - scratch_base);
 */
static uint8_t *scratch_at(uintptr_t address);
#define	DTRACE_MBUF_SCRATCH(address)	scratch_at(address)

/*
 * The chain, as the mbufs in memory spell it.
 */
/*@ logic integer mbuf_next(integer m) =
      word_at(wrap(m + M_NEXT), sizeof (uintptr_t)); */
/*@ logic integer mbuf_data(integer m) =
      word_at(wrap(m + M_DATA), sizeof (uintptr_t)); */
/*@ logic integer mbuf_len(integer m) =
      word_at(wrap(m + M_LEN), 4); */
#if UNMAPPED
/* The direct map, and the flag that says that an mbuf needs it. */
/*@ axiomatic Unmapped {
      logic integer dmap(integer pa);
      logic integer unmapped_flag(integer word);
      axiom dmap_range: \forall integer pa; 0 <= dmap(pa) <= UINTPTR_MAX;
    } */
/*@ requires 0 <= pa;
    assigns \nothing;
    ensures \result == dmap(pa);
 */
static uintptr_t dmap_of(uint64_t pa);
#define	DTRACE_MBUF_DMAP(pa)	dmap_of(pa)
/*@ assigns \nothing;
    ensures \result != 0 <==> unmapped_flag(word) != 0;
 */
static int is_unmapped(uint32_t word);
#define	DTRACE_MBUF_M_FLAGS(word)	\
	(is_unmapped(word) ? DTRACE_MBUF_UNMAPPED : 0)
static int has_dmap;
#define	DTRACE_MBUF_HAS_DMAP	has_dmap

/* What lists the pages of the mbuf at m; its fields. */
#ifdef DTRACE_MBUF_PAGES_PTR
/*@ logic integer mbuf_pages(integer m) =
      word_at(wrap(m + M_PAGES), sizeof (uintptr_t)); */
#else
/*@ logic integer mbuf_pages(integer m) = m; */
#endif
/*@ logic integer npgs(integer b) = word_at(wrap(b + PG_NPGS), 1); */
/*@ logic integer hdrlen(integer b) = word_at(wrap(b + PG_HDRLEN), 1); */
/*@ logic integer trllen(integer b) = word_at(wrap(b + PG_TRLLEN), 1); */
/*@ logic integer first_off(integer b) = word_at(wrap(b + PG_1ST_OFF), 2); */
/*@ logic integer last_len(integer b) = word_at(wrap(b + PG_LAST_LEN), 2); */
/*@ logic integer page(integer b, integer i) =
      dmap(word_at(wrap(b + PG_PA + 8 * i), 8)); */
/* Its pieces: 0 is the header, npgs + 1 the trailer, between them the pages. */
/*@ logic integer piece_size(integer b, integer i) =
      i == 0 ? hdrlen(b) : i == npgs(b) + 1 ? trllen(b) :
      i == npgs(b) ? last_len(b) :
      i == 1 ? PAGE_SIZE - first_off(b) : PAGE_SIZE; */
/*@ logic integer piece_at(integer b, integer i) =
      i == 0 ? wrap(b + PG_HDR) : i == npgs(b) + 1 ? wrap(b + PG_TRAIL) :
      i == 1 ? wrap(page(b, 0) + first_off(b)) : page(b, i - 1); */
/* Byte p of the pieces from i on; -3 where they end before. */
/*@ logic integer piece_byte(integer b, integer p, integer i) =
      i > npgs(b) + 1 ? -3 :
      p < piece_size(b, i) ? mem(piece_at(b, i), p) :
      piece_byte(b, p - piece_size(b, i), i + 1); */
/*@ logic integer pages_at(integer b, integer off, integer i) =
      piece_byte(b, off + i, 0); */
/*@ logic integer pages_byte(integer m, integer off, integer i) =
      pages_at(mbuf_pages(m), off, i); */
/*@ logic integer unmapped(integer m) =
      unmapped_flag(word_at(wrap(m + M_FLAGS), 4)); */
/* Byte p of the one mbuf at m. */
/*@ logic integer mbuf_byte(integer m, integer p) =
      unmapped(m) != 0 ? pages_byte(m, mbuf_data(m), p) :
      mem(mbuf_data(m), p); */
#else
/* Byte p of the one mbuf at m. */
/*@ logic integer mbuf_byte(integer m, integer p) = mem(mbuf_data(m), p); */
#endif
/*@ logic integer known(integer b) = b >= 0 ? b : -3; */
/*
 * Byte p of the chain at m, of which at most n mbufs may be looked at: -1 where
 * it ends before, -2 where n does not suffice, -3 where an unmapped mbuf has
 * fewer bytes than it says.
 */
/*@ logic integer chain_byte(integer m, integer p, integer n) =
      m == 0 ? -1 : n <= 0 ? -2 :
      p < mbuf_len(m) ? known(mbuf_byte(m, p)) :
      chain_byte(mbuf_next(m), p - mbuf_len(m), n - 1); */
/* Byte i of what lies at off in the chain. */
/*@ logic integer chain_at(integer m, integer off, integer i, integer n) =
      chain_byte(m, off + i, n); */
/*@ predicate chain_has(integer m, integer off, integer i, integer n) =
      chain_at(m, off, i, n) != -1 && chain_at(m, off, i, n) != -2; */
/*@ logic integer zero_past(integer c) = c == -1 ? 0 : c; */

/*
 * What the core promises.
 */
/*@ requires quiet: !faulted;
    assigns cpu_fault, cpu_core[0];
    ensures cpu_fault == CPU_DTRACE_BADADDR;
    ensures cpu_core[0].cpuc_dtrace_illval == illval;
 */
static void dtrace_mbuf_badaddr(uintptr_t illval);

/*@ requires quiet: !faulted;
    requires size == 1 || size == 2 || size == 4 || size == 8;
    requires asked: may_load(addr, size);
    assigns cpu_fault, cpu_core[0];
    ensures stable && !faulted ==> \result == word_at(addr, size);
    ensures stable && !faulted ==> \forall integer k; 0 <= k < size ==>
      byte_of(\result, size, k) == mem(addr, k);
    ensures size == 1 ==> \result <= UINT8_MAX;
    ensures size == 2 ==> \result <= UINT16_MAX;
 */
static uint64_t dtrace_mbuf_load(uintptr_t addr, size_t size);

/*@ requires size == 1 || size == 2 || size == 4 || size == 8;
    requires at + size <= SIZE_MAX;
    requires \valid(dst + (at .. at + size - 1));
    assigns dst[at .. at + size - 1];
    ensures \forall integer j; at <= j < at + size ==>
      dst[j] == byte_of(value, size, j - at);
 */
static void dtrace_mbuf_store(uint8_t *dst, size_t at, uint64_t value,
    size_t size);

/*@ requires quiet: !faulted;
    requires at + len <= SIZE_MAX;
    requires \valid(dst + (at .. at + len - 1));
    requires \separated(dst + (at .. at + len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      dst[at .. at + len - 1];
    ensures copied: stable && !faulted ==>
      \forall integer i; at <= i < at + len ==> dst[i] == mem(src, i - at);
 */
static void dtrace_mbuf_copybytes(uintptr_t src, size_t len, uint8_t *dst,
    size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

#if UNMAPPED
/*@ requires quiet: !faulted;
    requires i < 5;
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size;
    ensures stable && !faulted ==> \result == page(base, i);
    ensures \result == 0 ==> faulted;
 */
static uintptr_t dtrace_mbuf_page(uintptr_t m, uintptr_t base, size_t i,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

/*@ requires quiet: !faulted;
    requires header: header_base == m && header_size >= HEADER;
    requires at + len <= SIZE_MAX && off + len <= SIZE_MAX && len > 0;
    requires \valid(dst + (at .. at + len - 1));
    requires \separated(dst + (at .. at + len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      dst[at .. at + len - 1];
    ensures copied: stable && !faulted ==>
      \forall integer i; at <= i < at + len ==>
      dst[i] == pages_byte(m, mbuf_data(m) + off, i - at);
 */
static void dtrace_mbuf_copypages(uintptr_t m, size_t off, size_t len,
    uint8_t *dst, size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);
#endif

/*@ requires quiet: !faulted;
    requires header: header_base == m && header_size >= HEADER;
    requires at + len <= SIZE_MAX && off + len <= SIZE_MAX && len > 0;
    requires \valid(dst + (at .. at + len - 1));
    requires \separated(dst + (at .. at + len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      dst[at .. at + len - 1];
    ensures copied: stable && !faulted ==>
      \forall integer i; at <= i < at + len ==>
      dst[i] == mbuf_byte(m, off + (i - at));
 */
static void dtrace_mbuf_copyone(uintptr_t m, size_t off, size_t len,
    uint8_t *dst, size_t at, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

/*@ requires quiet: !faulted;
    requires dst != \null ==> \valid(dst + (0 .. len - 1));
    requires \separated(dst + (0 .. len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size,
      &dtrace_mbuf_maxchain);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      header_base, header_size;
    assigns dst[0 .. len - 1];
    ensures !faulted ==> \result <= len;
    ensures exist: stable && !faulted ==>
      \forall integer i; 0 <= i < \result ==>
      chain_has(m, off, i, walk_limit);
    ensures end: stable && !faulted && \result < len ==> \forall integer i;
      \result <= i ==> chain_at(m, off, i, walk_limit) == -1;
    ensures copied: stable && !faulted && dst != \null ==>
      \forall integer i; 0 <= i < \result ==>
        dst[i] == chain_at(m, off, i, walk_limit);
 */
static size_t dtrace_mbuf_copydata(uintptr_t m, size_t off, size_t len,
    uint8_t *dst, dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

/*@ requires quiet: !faulted;
    requires \valid(dst + (0 .. len - 1));
    requires \separated(dst + (0 .. len - 1), &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size,
      &dtrace_mbuf_maxchain);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size, header_base,
      header_size, dst[0 .. len - 1];
    ensures bytes: stable && !faulted ==> \forall integer i; 0 <= i < len ==>
      dst[i] == zero_past(chain_at(m, off, i, walk_limit)) &&
      chain_at(m, off, i, walk_limit) != -2;
 */
static void dtrace_mbuf_fill(uintptr_t m, size_t off, size_t len, uint8_t *dst,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

/*@ predicate scratch_is(dtrace_mstate_t *mstate) =
      scratch_base == mstate->dtms_scratch_base &&
      scratch_size == mstate->dtms_scratch_size &&
      0 < scratch_base && scratch_base + scratch_size <= UINTPTR_MAX &&
      scratch_base <= mstate->dtms_scratch_ptr <= scratch_base + scratch_size &&
      \valid(scratch + (0 .. scratch_size - 1)); */
/* The first address from a on that is a multiple of 8. */
/*@ logic integer align8(integer a) = a + (8 - a % 8) % 8; */

/*@ requires quiet: !faulted;
    requires \valid(mstate);
    requires scratch_is(mstate);
    requires \separated(scratch + (0 .. scratch_size - 1),
      &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size, mstate,
      &dtrace_mbuf_maxchain, &scratch, &scratch_base, &scratch_size);
    requires \separated(mstate, &cpu_fault, &cpu_core[0],
      &allowed_base, &allowed_size, &header_base, &header_size,
      &dtrace_mbuf_maxchain, &scratch, &scratch_base, &scratch_size);
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      header_base, header_size,
      mstate->dtms_scratch_ptr;
    assigns scratch[align8(mstate->dtms_scratch_ptr) - scratch_base ..
      scratch_size - 1];

    ensures fault: faulted ==> \result == 0 &&
      mstate->dtms_scratch_ptr == \old(mstate->dtms_scratch_ptr);
    ensures null: m == 0 ==> cpu_fault == CPU_DTRACE_BADADDR &&
      cpu_core[0].cpuc_dtrace_illval == 0;
    ensures noscratch: m != 0 && length > 0 &&
      align8(\old(mstate->dtms_scratch_ptr)) + length >
      scratch_base + scratch_size ==> cpu_fault == CPU_DTRACE_NOSCRATCH;
    ensures place: !faulted ==> \result != 0 &&
      \result == align8(\old(mstate->dtms_scratch_ptr));
    ensures take: !faulted && length > 0 ==>
      mstate->dtms_scratch_ptr == \result + length;
    ensures no_more: stable && !faulted && length == 0 ==> \forall integer i;
      0 <= i < mstate->dtms_scratch_ptr - \result ==>
      chain_has(m, off, i, walk_limit);
    ensures no_less: stable && !faulted && length == 0 ==> \forall integer i;
      mstate->dtms_scratch_ptr - \result <= i ==>
      chain_at(m, off, i, walk_limit) == -1;
    ensures within: scratch_is(mstate);
    ensures bounded: length > 0 ==> \forall integer i;
      align8(\old(mstate->dtms_scratch_ptr)) - scratch_base + length <= i <
      scratch_size ==> scratch[i] == \old(scratch[i]);
    ensures bytes: stable && !faulted ==> \forall integer i;
      0 <= i < mstate->dtms_scratch_ptr - \result ==>
      *(scratch + (\result - scratch_base + i)) ==
      zero_past(chain_at(m, off, i, walk_limit));
    ensures known: stable && !faulted ==> \forall integer i;
      0 <= i < mstate->dtms_scratch_ptr - \result ==>
      chain_at(m, off, i, walk_limit) != -2;
 */
static uintptr_t dtrace_mbuf_copyout(uintptr_t m, size_t length, size_t off,
    dtrace_mstate_t *mstate, dtrace_vstate_t *vstate);

/*@ requires quiet: !faulted;
    assigns cpu_fault, cpu_core[0], allowed_base, allowed_size,
      header_base, header_size;
    ensures fault: faulted ==> \result == 0;
    ensures null: m == 0 ==> cpu_fault == CPU_DTRACE_BADADDR &&
      cpu_core[0].cpuc_dtrace_illval == 0;
    ensures exist: stable && !faulted ==> \forall integer i;
      0 <= i < \result ==> chain_has(m, 0, i, walk_limit);
    ensures end: stable && !faulted && \result < SIZE_MAX ==>
      \forall integer i; \result <= i ==>
      chain_at(m, 0, i, walk_limit) == -1;
 */
static size_t dtrace_mbuf_length(uintptr_t m, dtrace_mstate_t *mstate,
    dtrace_vstate_t *vstate);
