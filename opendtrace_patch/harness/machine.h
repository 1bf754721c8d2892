/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A simulated CPU in probe context: memory of regions and holes, safe loads
 * that fault, canload, scratch.  It does what dtkit's model does.
 */

#ifndef _MACHINE_H_
#define	_MACHINE_H_

#include <stddef.h>
#include <stdint.h>

enum {
	FLAG_BADADDR = 0x0004,
	FLAG_BADALIGN = 0x0008,
	FLAG_ILLOP = 0x0020,
	FLAG_NOSCRATCH = 0x0040,
	FLAG_KPRIV = 0x0080,
	FLAG_FAULT = 0x13fc
};

struct range {
	uint64_t base;
	uint64_t size;
};

/* A region is a block of its own, so that a sanitizer sees its ends. */
struct region {
	uint64_t base;
	uint64_t size;
	uint8_t *data;
};

/* What another CPU does before load number "before", counted from 0. */
struct poke {
	uint64_t before;
	uint64_t address;
	uint64_t value;
};

struct access {
	uint64_t canload;	/* 1: canload, 0: a load */
	uint64_t address;
	uint64_t size;
	uint64_t value;		/* or what canload said */
	uint64_t fault;		/* 1: it faulted */
};

struct machine {
	uint64_t max_address;
	uint64_t strict_alignment;
	uint64_t kernel_access;
	uint64_t maxchain;
	struct range direct_map;	/* of size 0: none */
	struct range scratch;
	uint64_t scratch_ptr;

	uint64_t nregions, ntoxic, nown, npokes;
	struct region *regions;
	struct range *toxic;
	struct range *own;
	struct poke *pokes;

	uint64_t flags;
	uint64_t illval;
	uint64_t nloads;
	uint64_t nlog, room;
	struct access *log;
};

uint64_t	 machine_load(struct machine *, uint64_t, uint64_t, int);
int		 machine_canload(struct machine *, uint64_t, uint64_t);
uint8_t		*machine_scratch(struct machine *, uint64_t);
void		 machine_free(struct machine *);

#endif
