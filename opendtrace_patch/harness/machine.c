/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* The core broke a rule: nothing after this can be trusted. */
static void
broken(const char *what, uint64_t address)
{
	fprintf(stderr, "harness: %s: 0x%llx\n", what,
	    (unsigned long long)address);
	abort();
}

static struct region *
region_at(struct machine *mp, uint64_t address)
{
	uint64_t i;

	for (i = 0; i < mp->nregions; i++)
		if (address - mp->regions[i].base < mp->regions[i].size)
			return (&mp->regions[i]);
	return (NULL);
}

static void
note(struct machine *mp, struct access access)
{
	if (mp->nlog == mp->room) {
		mp->room = mp->room == 0 ? 256 : 2 * mp->room;
		mp->log = realloc(mp->log, mp->room * sizeof(*mp->log));
		if (mp->log == NULL)
			abort();
	}
	mp->log[mp->nlog++] = access;
}

/* Whether canload has allowed these bytes. */
static int
allowed(struct machine *mp, uint64_t address, uint64_t size)
{
	uint64_t i;

	for (i = mp->nlog; i > 0; i--)
		if (mp->log[i - 1].canload && mp->log[i - 1].value &&
		    ((address - mp->log[i - 1].address) & mp->max_address) +
		    size <= mp->log[i - 1].size)
			return (1);
	return (0);
}

static int
toxic(struct machine *mp, uint64_t address, uint64_t size)
{
	uint64_t i;

	for (i = 0; i < mp->ntoxic; i++)
		if (address < mp->toxic[i].base + mp->toxic[i].size &&
		    mp->toxic[i].base < address + size)
			return (1);
	return (0);
}

uint64_t
machine_load(struct machine *mp, uint64_t address, uint64_t size, int big)
{
	struct region *region;
	uint64_t i, value;

	address &= mp->max_address;
	if (mp->flags != 0)
		broken("load after a fault", address);
	if (!allowed(mp, address, size))
		broken("load that canload has not allowed", address);
	for (i = 0; i < mp->npokes; i++)
		if (mp->pokes[i].before == mp->nloads &&
		    (region = region_at(mp, mp->pokes[i].address)) != NULL)
			region->data[mp->pokes[i].address - region->base] =
			    mp->pokes[i].value;
	mp->nloads++;

	value = 0;
	if (mp->strict_alignment && address % size != 0) {
		mp->flags |= FLAG_BADALIGN;
	} else if (toxic(mp, address, size)) {
		mp->flags |= FLAG_BADADDR;
	} else {
		for (i = 0; i < size; i++) {
			region = region_at(mp, address + i);
			if (region == NULL) {
				mp->flags |= FLAG_BADADDR;
				value = 0;
				break;
			}
			value |= (uint64_t)region->data[address + i -
			    region->base] << (8 * (big ? size - 1 - i : i));
		}
	}
	if (mp->flags != 0)
		mp->illval = address;
	note(mp, (struct access){ 0, address, size, value, mp->flags != 0 });
	return (value);
}

int
machine_canload(struct machine *mp, uint64_t address, uint64_t size)
{
	uint64_t i;
	int ok;

	address &= mp->max_address;
	if (mp->flags != 0)
		broken("canload after a fault", address);
	ok = mp->kernel_access || (mp->scratch.base <= address &&
	    address <= mp->scratch_ptr && size <= mp->scratch_ptr - address);
	for (i = 0; !ok && i < mp->nown; i++)
		ok = mp->own[i].base <= address &&
		    address - mp->own[i].base <= mp->own[i].size &&
		    size <= mp->own[i].size - (address - mp->own[i].base);
	note(mp, (struct access){ 1, address, size, ok, !ok });
	if (!ok) {
		mp->flags |= FLAG_KPRIV;
		mp->illval = address;
	}
	return (ok);
}

uint8_t *
machine_scratch(struct machine *mp, uint64_t address)
{
	struct region *region;

	if (address < mp->scratch_ptr ||
	    address - mp->scratch.base > mp->scratch.size)
		broken("result outside free scratch", address);
	/* The end of scratch may lie in no region: nothing is stored there. */
	region = region_at(mp, address);
	return (region == NULL ? NULL :
	    region->data + (address - region->base));
}

void
machine_free(struct machine *mp)
{
	uint64_t i;

	for (i = 0; i < mp->nregions; i++)
		free(mp->regions[i].data);
	free(mp->regions);
	free(mp->toxic);
	free(mp->own);
	free(mp->pokes);
	free(mp->log);
	memset(mp, 0, sizeof(*mp));
}
