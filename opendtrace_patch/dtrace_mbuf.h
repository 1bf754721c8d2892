/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Safe access to mbuf chains from probe context: what lies beneath the D
 * subroutines copyoutmbuf() and mbuflen().
 *
 * To be included where dtrace_mstate_t and dtrace_vstate_t are declared, by
 * whoever includes dtrace_mbuf.c further down.
 */

#ifndef _DTRACE_MBUF_H_
#define	_DTRACE_MBUF_H_

/*
 * The mbufs that one walk may visit, by default; entering one more is an
 * illegal operation, which is how a chain that is a ring ends.  A packet of
 * 64 KiB in the smallest mbufs has fewer.
 */
#define	DTRACE_MBUF_MAXCHAIN	512

/*
 * The most that dtrace_mbuf_maxchain can ask for: a walk runs with interrupts
 * off, and a ring is walked for as long as it may be.
 */
#define	DTRACE_MBUF_MOST	16384

extern int dtrace_mbuf_maxchain;

static uintptr_t	dtrace_mbuf_copyout(uintptr_t, size_t, size_t,
			    dtrace_mstate_t *, dtrace_vstate_t *);
static size_t		dtrace_mbuf_length(uintptr_t, dtrace_mstate_t *,
			    dtrace_vstate_t *);

#ifdef _KERNEL
/*
 * What dtrace_mbuf.c asks of its includer beside DTrace's own, on FreeBSD.
 */
#include <sys/param.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <vm/vm.h>
#include <vm/pmap.h>
#include <machine/vmparam.h>

#define	DTRACE_MBUF_SCRATCH(address)	((uint8_t *)(address))

#if _BYTE_ORDER == _LITTLE_ENDIAN
#define	DTRACE_MBUF_BYTE(value, size, k)	\
	((uint8_t)((value) >> (8 * (k))))
#define	DTRACE_MBUF_M_FLAGS(word)	((word) >> 8)
#else
#define	DTRACE_MBUF_BYTE(value, size, k)	\
	((uint8_t)((value) >> (8 * ((size) - 1 - (k)))))
#define	DTRACE_MBUF_M_FLAGS(word)	((word) & 0xffffff)
#endif

#if defined(M_EXTPG)
/* The list of pages is in the mbuf. */
#define	DTRACE_MBUF_UNMAPPED	M_EXTPG
#define	DTRACE_MBUF_PAGES	struct mbuf
#elif defined(M_NOMAP) && defined(MBUF_PEXT_MAX_PGS)
/* 13-CURRENT of 2019: behind m_ext, under other names. */
#define	DTRACE_MBUF_UNMAPPED	M_NOMAP
#define	DTRACE_MBUF_PAGES	struct mbuf_ext_pgs
#define	DTRACE_MBUF_PAGES_PTR	offsetof(struct mbuf, m_ext.ext_pgs)
#define	m_epg_npgs		npgs
#define	m_epg_hdrlen		hdr_len
#define	m_epg_trllen		trail_len
#define	m_epg_1st_off		first_pg_off
#define	m_epg_last_len		last_pg_len
#define	m_epg_pa		pa
#define	m_epg_hdr		hdr
#define	m_epg_trail		trail
#endif

#ifdef DTRACE_MBUF_UNMAPPED
#ifdef PMAP_HAS_DMAP
#define	DTRACE_MBUF_HAS_DMAP	PMAP_HAS_DMAP
/*
 * PHYS_TO_DMAP() asserts that the address is one that the direct map reaches,
 * and a forged one must not panic: so ask first, with the check that does not
 * look into page tables where there are two.
 */
#if defined(PHYS_IN_DMAP_RANGE)
#define	DTRACE_MBUF_IN_DMAP(pa)	PHYS_IN_DMAP_RANGE(pa)
#elif defined(PHYS_IN_DMAP)
#define	DTRACE_MBUF_IN_DMAP(pa)	PHYS_IN_DMAP(pa)
#elif defined(__amd64__)
#define	DTRACE_MBUF_IN_DMAP(pa)	((pa) < dmaplimit)
#else
#define	DTRACE_MBUF_IN_DMAP(pa)	0
#endif
#define	DTRACE_MBUF_DMAP(pa)	\
	(DTRACE_MBUF_IN_DMAP(pa) ? (uintptr_t)PHYS_TO_DMAP(pa) : 0)
#else
#define	DTRACE_MBUF_HAS_DMAP	0
#define	DTRACE_MBUF_DMAP(pa)	0
#endif
#endif /* DTRACE_MBUF_UNMAPPED */
#endif /* _KERNEL */

#endif /* !_DTRACE_MBUF_H_ */
