/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A kernel around dtrace_mbuf.c: the names that it asks of its includer, over a
 * simulated machine.  Chosen when compiling:
 *
 *	LAYOUT	12 (FreeBSD 12.1), 13 (13-CURRENT of 2019), 14 (14 and main),
 *		32 (14 and main, ILP32)
 *	BIG	1 for a big-endian machine
 */

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

#define	CPU_DTRACE_BADADDR	FLAG_BADADDR
#define	CPU_DTRACE_ILLOP	FLAG_ILLOP
#define	CPU_DTRACE_NOSCRATCH	FLAG_NOSCRATCH
#define	CPU_DTRACE_FAULT	FLAG_FAULT

#define	PAGE_SIZE		4096

extern _Thread_local struct machine *machine;

/* The machine's words, where they are not this compiler's. */
#if LAYOUT == 32
#if UINTPTR_MAX != UINT32_MAX
#define	uintptr_t	uint32_t
#define	size_t		uint32_t
#undef SIZE_MAX
#define	SIZE_MAX	UINT32_MAX
#endif
typedef uint32_t kernel_ptr_t;
typedef uint32_t kernel_paddr_t;
#else
#if UINTPTR_MAX != UINT64_MAX
#define	uintptr_t	uint64_t
#define	size_t		uint64_t
#undef SIZE_MAX
#define	SIZE_MAX	UINT64_MAX
#endif
typedef uint64_t kernel_ptr_t;
typedef uint64_t kernel_paddr_t;
#endif

typedef struct dtrace_mstate {
	uintptr_t dtms_scratch_base;
	size_t dtms_scratch_size;
	uintptr_t dtms_scratch_ptr;
} dtrace_mstate_t;

typedef struct dtrace_vstate {
	int unused;
} dtrace_vstate_t;

/* As each kernel's sys/mbuf.h lays them out. */
#if LAYOUT == 12
struct mbuf {
	kernel_ptr_t m_next;
	kernel_ptr_t m_nextpkt;
	kernel_ptr_t m_data;
	int32_t m_len;
	uint32_t m_typeflags;
};
#elif LAYOUT == 13
struct mbuf_ext_pgs {
	int16_t m_epg_npgs;
	int16_t nrdy;
	int16_t m_epg_1st_off;
	int16_t m_epg_last_len;
	int8_t m_epg_hdrlen;
	int8_t m_epg_trllen;
	uint16_t enc_cnt;
	uint32_t pad;
	kernel_paddr_t m_epg_pa[17];
	char m_epg_hdr[32];
	kernel_ptr_t tls;
	char m_epg_trail[64];
};
struct mbuf {
	kernel_ptr_t m_next;
	kernel_ptr_t m_nextpkt;
	kernel_ptr_t m_data;
	int32_t m_len;
	uint32_t m_typeflags;
	uint8_t pkthdr[56];
	kernel_ptr_t ext_cnt;
	kernel_ptr_t ext_pgs;
};
#define	DTRACE_MBUF_UNMAPPED	0x100
#define	DTRACE_MBUF_PAGES	struct mbuf_ext_pgs
#define	DTRACE_MBUF_PAGES_PTR	offsetof(struct mbuf, ext_pgs)
#else
struct mbuf {
	kernel_ptr_t m_next;
	kernel_ptr_t m_nextpkt;
	kernel_ptr_t m_data;
	int32_t m_len;
	uint32_t m_typeflags;
#if LAYOUT == 32
	uint32_t m_pad;
#endif
	union {
		struct {
			uint8_t m_epg_npgs;
			uint8_t m_epg_nrdy;
			uint8_t m_epg_hdrlen;
			uint8_t m_epg_trllen;
			uint16_t m_epg_1st_off;
			uint16_t m_epg_last_len;
		};
#if LAYOUT == 32
		uint8_t pkthdr[56];
#else
		uint8_t pkthdr[64];
#endif
	};
	kernel_ptr_t ext_cnt;
	uint32_t ext_size;
	uint32_t ext_typeflags;
#if LAYOUT == 32
	kernel_paddr_t m_epg_pa[16];
#else
	kernel_paddr_t m_epg_pa[5];
#endif
	char m_epg_trail[64];
	char m_epg_hdr[23];
};
#define	DTRACE_MBUF_UNMAPPED	0x100
#define	DTRACE_MBUF_PAGES	struct mbuf
#endif

#ifdef DTRACE_MBUF_UNMAPPED
#define	DTRACE_MBUF_HAS_DMAP	(machine->direct_map.size != 0)
#define	DTRACE_MBUF_DMAP(pa)	\
	((uintptr_t)((pa) < machine->direct_map.size ? \
	machine->direct_map.base + (pa) : 0))
#endif

#define	DTRACE_CPUFLAG_ISSET(flag)	(machine->flags & (flag))
#define	DTRACE_CPUFLAG_SET(flag)	(machine->flags |= (flag))
/* The core stores one thing in cpu_core[curcpu]. */
#define	cpu_core			machine
#define	curcpu				0
#define	cpuc_dtrace_illval		illval

#define	LOAD(type, address)	\
	((type)machine_load(machine, (address), sizeof (type), BIG))
#define	dtrace_load8(address)	LOAD(uint8_t, address)
#define	dtrace_load16(address)	LOAD(uint16_t, address)
#define	dtrace_load32(address)	LOAD(uint32_t, address)
#define	dtrace_load64(address)	LOAD(uint64_t, address)
#define	dtrace_loadptr(address)	LOAD(kernel_ptr_t, address)
#define	dtrace_canload(address, size, mstate, vstate)	\
	machine_canload(machine, (address), (size))

#define	DTRACE_MBUF_SCRATCH(address)	machine_scratch(machine, (address))
#if BIG
#define	DTRACE_MBUF_BYTE(value, size, k)	\
	((uint8_t)((value) >> (8 * ((size) - 1 - (k)))))
#define	DTRACE_MBUF_M_FLAGS(word)	((word) & 0xffffff)
#else
#define	DTRACE_MBUF_BYTE(value, size, k)	\
	((uint8_t)((value) >> (8 * (k))))
#define	DTRACE_MBUF_M_FLAGS(word)	((word) >> 8)
#endif
