/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Cycles per byte of the core, of the same walk with byte loads (the way of the
 * stock dtrace_bcopy()), and of memcpy(), taken in turn.
 *
 * The safe loads here cost what the kernel's do: a look through the toxic
 * ranges, NOFAULT set and cleared in the flags, a volatile access, a test.
 * So this is a kernel of its own, with memory that is this program's.
 *
 *	bench BYTES MBUFS ROUNDS
 *
 * prints the least cycles per call of each, in this order.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define	CPU_DTRACE_NOFAULT	0x0001
#define	CPU_DTRACE_BADADDR	0x0004
#define	CPU_DTRACE_ILLOP	0x0020
#define	CPU_DTRACE_NOSCRATCH	0x0040
#define	CPU_DTRACE_FAULT	0x13fc

struct mbuf {
	struct mbuf *m_next;
	struct mbuf *m_nextpkt;
	char *m_data;
	int32_t m_len;
	uint32_t m_typeflags;
	char m_dat[224];
};

typedef struct dtrace_mstate {
	uintptr_t dtms_scratch_base;
	uintptr_t dtms_scratch_ptr;
	size_t dtms_scratch_size;
	uint32_t dtms_access;
} dtrace_mstate_t;

typedef struct dtrace_vstate {
	int unused;
} dtrace_vstate_t;

static struct {
	uint16_t cpuc_dtrace_flags;
	uintptr_t cpuc_dtrace_illval;
} cpu_core[1];
static volatile int curcpu;
static struct {
	uintptr_t base;
	uintptr_t limit;
} toxic[] = { { 0, 0x2000 } };
static volatile int ntoxic = 1;

#define	DTRACE_CPUFLAG_ISSET(flag)	\
	(*(volatile uint16_t *)&cpu_core[curcpu].cpuc_dtrace_flags & (flag))
#define	DTRACE_CPUFLAG_SET(flag)	\
	(*(volatile uint16_t *)&cpu_core[curcpu].cpuc_dtrace_flags |= (flag))

#define	LOAD(bits)							\
static __attribute__((noinline)) uint##bits##_t				\
dtrace_load##bits(uintptr_t address)					\
{									\
	volatile uint16_t *flags;					\
	uint##bits##_t value;						\
	int i;								\
									\
	flags = &cpu_core[curcpu].cpuc_dtrace_flags;			\
	for (i = 0; i < ntoxic; i++) {					\
		if (address >= toxic[i].limit ||			\
		    address + bits / 8 <= toxic[i].base)		\
			continue;					\
		*flags |= CPU_DTRACE_BADADDR;				\
		cpu_core[curcpu].cpuc_dtrace_illval = address;		\
		return (0);						\
	}								\
	*flags |= CPU_DTRACE_NOFAULT;					\
	value = *(volatile uint##bits##_t *)address;			\
	*flags &= ~CPU_DTRACE_NOFAULT;					\
	return (*flags & CPU_DTRACE_FAULT ? 0 : value);			\
}
LOAD(8)
LOAD(16)
LOAD(32)
LOAD(64)
#define	dtrace_loadptr	dtrace_load64

static __attribute__((noinline)) int
dtrace_canload(uint64_t address, size_t size, dtrace_mstate_t *mstate,
    dtrace_vstate_t *vstate)
{
	(void)address;
	(void)size;
	(void)vstate;
	return (mstate->dtms_access != 0);
}

#define	DTRACE_MBUF_SCRATCH(address)	((uint8_t *)(address))
#define	DTRACE_MBUF_BYTE(value, size, k)	\
	((uint8_t)((value) >> (8 * (k))))

#include "../dtrace_mbuf.h"

int dtrace_mbuf_maxchain = DTRACE_MBUF_MAXCHAIN;

#include "../dtrace_mbuf.c"

static uint8_t scratch[65536] __attribute__((aligned(64)));
static dtrace_mstate_t mstate;
static dtrace_vstate_t vstate;

static void
by_words(struct mbuf *m, size_t size)
{
	mstate.dtms_scratch_ptr = mstate.dtms_scratch_base;
	(void)dtrace_mbuf_copyout((uintptr_t)m, size, 0, &mstate, &vstate);
}

/* The same walk, checks and tests, a byte at a time. */
static void
by_bytes(struct mbuf *m, size_t size)
{
	uintptr_t at, data;
	size_t done, i;
	uint32_t length;
	uint8_t byte;

	at = (uintptr_t)m;
	for (done = 0; done < size && at != 0; done += length) {
		if (!dtrace_canload(at, 28, &mstate, &vstate))
			return;
		length = dtrace_load32(at + offsetof(struct mbuf, m_len));
		data = dtrace_loadptr(at + offsetof(struct mbuf, m_data));
		if (!dtrace_canload(data, length, &mstate, &vstate))
			return;
		for (i = 0; i < length && done + i < size; i++) {
			byte = dtrace_load8(data + i);
			if (DTRACE_CPUFLAG_ISSET(CPU_DTRACE_FAULT))
				return;
			scratch[done + i] = byte;
		}
		at = dtrace_loadptr(at + offsetof(struct mbuf, m_next));
	}
}

static void
by_memcpy(struct mbuf *m, size_t size)
{
	size_t done;

	for (done = 0; done < size; m = m->m_next) {
		memcpy(scratch + done, m->m_data, m->m_len);
		__asm__ volatile("" : : "r" (scratch) : "memory");
		done += m->m_len;
	}
}

/* Cycles of the time-stamp counter; elsewhere nanoseconds. */
static double
now(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return ((double)__builtin_ia32_rdtsc());
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * 1e9 + t.tv_nsec);
#endif
}

int
main(int argc, char **argv)
{
	static void (*const ways[])(struct mbuf *, size_t) =
	    { by_words, by_bytes, by_memcpy };
	double best[3], start, took;
	struct mbuf *chain, **tail;
	size_t at, i, mbufs, rounds, size, way;
	int k;

	if (argc != 4) {
		fprintf(stderr, "usage: bench BYTES MBUFS ROUNDS\n");
		return (2);
	}
	size = strtoul(argv[1], NULL, 10);
	mbufs = strtoul(argv[2], NULL, 10);
	rounds = strtoul(argv[3], NULL, 10);
	if (size == 0 || size > sizeof(scratch) || mbufs == 0 || mbufs > size)
		return (2);

	mstate.dtms_access = 1;
	mstate.dtms_scratch_base = (uintptr_t)scratch;
	mstate.dtms_scratch_size = sizeof(scratch);
	chain = NULL;
	tail = &chain;
	for (at = i = 0; i < mbufs; i++) {
		*tail = calloc(1, sizeof(**tail));
		(*tail)->m_len = (int32_t)(size * (i + 1) / mbufs - at);
		/* As a driver leaves it: Ethernet's 14 bytes and 2 to align. */
		(*tail)->m_data = (char *)calloc(1, (*tail)->m_len + 16) + 16;
		memset((*tail)->m_data, (int)i + 1, (*tail)->m_len);
		at += (*tail)->m_len;
		tail = &(*tail)->m_next;
	}

	if (dtrace_mbuf_length((uintptr_t)chain, &mstate, &vstate) != size)
		return (1);
	for (way = 0; way < 3; way++)
		best[way] = 1e18;
	for (k = 0; k < 9; k++)
		for (way = 0; way < 3; way++) {
			start = now();
			for (i = 0; i < rounds; i++)
				ways[way](chain, size);
			took = (now() - start) / (double)rounds;
			if (took < best[way])
				best[way] = took;
		}
	printf("%.2f %.2f %.2f\n", best[0], best[1], best[2]);
	return (0);
}
