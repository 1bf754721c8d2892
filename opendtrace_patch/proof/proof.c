/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What Frama-C reads: the core, unchanged, in the environment of its contracts.
 */

#include "environment.h"
#include "../dtrace_mbuf.h"
#include "../dtrace_mbuf.c"

/* The offsets in the specifications are those of the structures. */
#define	CHECK(name, condition)	typedef char check_##name[(condition) ? 1 : -1]
CHECK(next, offsetof(struct mbuf, m_next) == M_NEXT);
CHECK(data, offsetof(struct mbuf, m_data) == M_DATA);
CHECK(len, offsetof(struct mbuf, m_len) == M_LEN);
CHECK(flags, offsetof(struct mbuf, m_typeflags) == M_FLAGS);
CHECK(most, DTRACE_MBUF_MOST == WALK_MOST);
CHECK(header, DTRACE_MBUF_HEADER == HEADER);
#if UNMAPPED
CHECK(npgs, DTRACE_MBUF_AT(m_epg_npgs) == PG_NPGS);
CHECK(hdrlen, DTRACE_MBUF_AT(m_epg_hdrlen) == PG_HDRLEN);
CHECK(trllen, DTRACE_MBUF_AT(m_epg_trllen) == PG_TRLLEN);
CHECK(first_off, DTRACE_MBUF_AT(m_epg_1st_off) == PG_1ST_OFF);
CHECK(last_len, DTRACE_MBUF_AT(m_epg_last_len) == PG_LAST_LEN);
CHECK(pa, DTRACE_MBUF_AT(m_epg_pa) == PG_PA);
CHECK(trail, DTRACE_MBUF_AT(m_epg_trail) == PG_TRAIL);
CHECK(hdr, DTRACE_MBUF_AT(m_epg_hdr) == PG_HDR);
#endif
#if UNMAPPED == 2
CHECK(pages, offsetof(struct mbuf, m_pages) == M_PAGES);
#endif
