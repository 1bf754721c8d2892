/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One call of the core as bytes in and bytes out, the same for the shared
 * library, for a pipe and for the fuzzer.  All integers are 64 bits in this
 * machine's byte order.
 *
 * Request: the struct request below, then ntoxic and nown pairs of base and
 * size, then npokes triples of load number, address and value, then nregions
 * regions, each its base, its size and its bytes.
 *
 * Response: result, flags, illval, scratch pointer, number of accesses, size of
 * scratch; the accesses, as in struct access; the bytes of scratch.
 */

#ifndef _HARNESS_H_
#define	_HARNESS_H_

#include <stddef.h>
#include <stdint.h>

struct request {
	uint64_t subroutine;		/* 54: copyoutmbuf, 55: mbuflen */
	uint64_t m;
	uint64_t length;
	uint64_t offset;
	uint64_t scratch_base;
	uint64_t scratch_size;
	uint64_t scratch_ptr;
	uint64_t kernel_access;
	uint64_t strict_alignment;
	uint64_t maxchain;
	uint64_t dmap_base;
	uint64_t dmap_size;
	uint64_t ntoxic;
	uint64_t nown;
	uint64_t npokes;
	uint64_t nregions;
};

/* The response, to be freed, and its size; NULL for a malformed request. */
uint8_t	*harness_call(const uint8_t *, size_t, size_t *);
void	 harness_free(uint8_t *);

/* What the core was compiled for: word, header, offsets, array sizes. */
extern const uint64_t harness_layout[17];

#endif
