/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The core under libFuzzer: chains of eight mbufs, some of them sane, on a
 * machine with holes, device memory, another CPU that stores to them, and
 * scratch that the chain may lie in.  machine.c aborts when a load follows a
 * fault or was not allowed; here is checked what a call may leave behind.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "machine.h"

enum { MBUFS = 8, MSIZE = 256, DATA = 4096, SCRATCH = 1024, STALE = 0xa5 };

#define	MBUF_BASE	UINT64_C(0xc1000000)
#define	DATA_BASE	UINT64_C(0xc2000000)
#define	SCRATCH_BASE	UINT64_C(0xe0000000)
#define	HOLE		UINT64_C(0xcf000000)
#define	DEVICE		UINT64_C(0xd0000000)

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t
take(struct input *in, size_t bytes)
{
	uint64_t value;

	for (value = 0; bytes > 0 && in->left > 0; bytes--, in->left--)
		value = value << 8 | *in->at++;
	return (value);
}

static void
store(uint8_t *at, uint64_t size, uint64_t value, int big)
{
	uint64_t i;

	for (i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * (big ? size - 1 - i : i)));
}

/* Somewhere: mostly where something is, sometimes where nothing is. */
static uint64_t
somewhere(struct input *in, uint64_t base, uint64_t size)
{
	uint64_t kind;

	kind = take(in, 1);
	if (kind < 240)
		return (base + take(in, 2) % size);
	switch (kind % 6) {
	case 0:
		return (HOLE + take(in, 1));
	case 1:
		return (DEVICE + take(in, 1));
	case 2:
		return (take(in, 2));
	case 3:
		return (SCRATCH_BASE + take(in, 2) % SCRATCH);
	case 4:
		return (0 - take(in, 2));
	default:
		return (take(in, 8));
	}
}

static void
fill_mbuf(struct input *in, uint8_t *mbuf, int big)
{
	const uint64_t *layout;
	uint64_t kind, length, size;

	layout = harness_layout;
	size = layout[0];
	kind = take(in, 1);
	store(mbuf + layout[2], size, kind % 8 == 0 ? 0 : kind % 8 == 1 ?
	    somewhere(in, MBUF_BASE, MBUFS * MSIZE) :
	    MBUF_BASE + take(in, 1) % MBUFS * MSIZE, big);
	store(mbuf + layout[3], size, somewhere(in, DATA_BASE, DATA), big);
	length = take(in, 1);
	if (length == 255)
		length = take(in, 4);
	store(mbuf + layout[4], 4, length, big);
	store(mbuf + layout[5], 4, take(in, 1) % 4 == 0 ?
	    (big ? 0x100 : 0x10000) : 0, big);
	if (layout[14] != 0 && layout[6] != 0 && kind % 3 == 0) {
		mbuf[layout[6]] = (uint8_t)take(in, 1) % 8;
		mbuf[layout[7]] = (uint8_t)take(in, 1) % 32;
		mbuf[layout[8]] = (uint8_t)take(in, 1) % 72;
		store(mbuf + layout[9], 2, take(in, 2) % 4608, big);
		store(mbuf + layout[10], 2, take(in, 2) % 4608, big);
		/* m_data is an offset, the pages are in the direct map. */
		store(mbuf + layout[3], size, take(in, 1), big);
		store(mbuf + layout[11], size, take(in, 2) % (2 * DATA), big);
	}
}

static void
check(int right, const char *what)
{
	if (!right) {
		fprintf(stderr, "fuzz: %s\n", what);
		abort();
	}
}

static void
check_outcome(const struct request *request, const uint8_t *response)
{
	uint64_t first, head[6], i, last, length, ptr;
	const uint8_t *scratch;

	/* A size_t of the machine: half of what was asked for, on a small one. */
	length = request->length;
	if (harness_layout[0] == 4)
		length = (uint32_t)length;
	memcpy(head, response, sizeof(head));
	scratch = response + sizeof(head) + head[4] * sizeof(struct access);
	ptr = request->scratch_ptr;
	if (head[1] != 0) {
		check(head[0] == 0, "a result after a fault");
		check(head[3] == ptr, "scratch taken after a fault");
	}
	if (request->subroutine != 54) {
		check(head[3] == ptr, "scratch taken by mbuflen");
		first = last = SCRATCH_BASE;
	} else {
		first = ptr + 7 - (ptr + 7) % 8;
		last = head[1] == 0 ? head[3] :
		    length > 0 && length < SCRATCH ?
		    first + length : SCRATCH_BASE + SCRATCH;
		if (head[1] == 0) {
			check(head[0] == first, "a result elsewhere");
			check(length == 0 ||
			    head[3] == first + length,
			    "more or less scratch than asked for");
			check(head[3] <= SCRATCH_BASE + SCRATCH,
			    "more scratch than there is");
		}
	}
	if (request->npokes > 0)
		return;
	for (i = 0; i < SCRATCH; i++)
		check((SCRATCH_BASE + i >= first && SCRATCH_BASE + i < last) ||
		    scratch[i] == STALE, "a store outside the result");
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t left)
{
	static uint8_t message[sizeof(struct request) + 64 * 1024];
	struct request request;
	struct input in;
	uint64_t i, region[2], triple[3];
	uint8_t *at, *response;
	size_t size;

	in.at = bytes;
	in.left = left;
	memset(&request, 0, sizeof(request));
	request.subroutine = 54 + take(&in, 1) % 4 / 3;
	request.m = somewhere(&in, MBUF_BASE, 1);
	request.length = take(&in, 1) < 240 ?
	    take(&in, 2) % SCRATCH : take(&in, 8);
	request.offset = take(&in, 1) < 240 ?
	    take(&in, 2) % 512 : take(&in, 8);
	request.scratch_base = SCRATCH_BASE;
	request.scratch_size = SCRATCH;
	request.scratch_ptr = SCRATCH_BASE + take(&in, 1);
	request.kernel_access = take(&in, 1) % 8 != 0;
	request.strict_alignment = take(&in, 1) % 4 == 0;
	request.maxchain = take(&in, 1) % 16;
	request.dmap_base = DATA_BASE;
	request.dmap_size = take(&in, 1) % 4 == 0 ? 0 : DATA;
	request.ntoxic = 2;
	request.nown = 1;
	request.npokes = take(&in, 1) % 8 == 0 ? take(&in, 1) % 4 : 0;
	request.nregions = 3;

	at = message;
	memcpy(at, &request, sizeof(request));
	at += sizeof(request);
	memcpy(at, (uint64_t[]){ 0, 0x2000, DEVICE, 0x1000 }, 32);
	at += 32;
	memcpy(at, (uint64_t[]){ MBUF_BASE, MBUFS * MSIZE }, 16);
	at += 16;
	for (i = 0; i < request.npokes; i++) {
		triple[0] = take(&in, 1) % 32;
		triple[1] = somewhere(&in, MBUF_BASE, MBUFS * MSIZE);
		triple[2] = take(&in, 1);
		memcpy(at, triple, sizeof(triple));
		at += sizeof(triple);
	}
	region[0] = MBUF_BASE;
	region[1] = MBUFS * MSIZE;
	memcpy(at, region, sizeof(region));
	at += sizeof(region);
	memset(at, 0, MBUFS * MSIZE);
	for (i = 0; i < MBUFS; i++)
		fill_mbuf(&in, at + i * MSIZE, BIG);
	at += MBUFS * MSIZE;
	region[0] = DATA_BASE;
	region[1] = DATA;
	memcpy(at, region, sizeof(region));
	at += sizeof(region);
	for (i = 0; i < DATA; i++)
		at[i] = (uint8_t)(i % 250 + 1);
	at += DATA;
	region[0] = SCRATCH_BASE;
	region[1] = SCRATCH;
	memcpy(at, region, sizeof(region));
	at += sizeof(region);
	memset(at, STALE, SCRATCH);
	at += SCRATCH;

	response = harness_call(message, at - message, &size);
	check(response != NULL, "the harness refused a request");
	check_outcome(&request, response);
	harness_free(response);
	return (0);
}
