/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "machine.h"

/* Defined in core.c, in the machine's own words. */
uint64_t	core_call(struct machine *, const struct request *);
uint64_t	core_max_address(void);

static int
take(const uint8_t **at, size_t *left, void *out, uint64_t size)
{
	if (size > *left)
		return (0);
	if (size > 0)
		memcpy(out, *at, size);
	*at += size;
	*left -= size;
	return (1);
}

/* An array of n elements of the given size. */
static void *
take_array(const uint8_t **at, size_t *left, uint64_t n, size_t size)
{
	void *array;

	if (n > *left / size || (array = calloc(n + 1, size)) == NULL)
		return (NULL);
	(void)take(at, left, array, n * size);
	return (array);
}

static int
take_regions(struct machine *mp, const uint8_t **at, size_t *left, uint64_t n)
{
	struct region *region;

	if (n > *left || (mp->regions = calloc(n + 1, sizeof(*region))) == NULL)
		return (0);
	for (region = mp->regions; n > 0; n--, region++) {
		if (!take(at, left, &region->base, 8) ||
		    !take(at, left, &region->size, 8) || region->size > *left ||
		    (region->data = malloc(region->size)) == NULL)
			return (0);
		(void)take(at, left, region->data, region->size);
		mp->nregions++;
	}
	return (1);
}

static uint8_t *
respond(struct machine *mp, uint64_t result, size_t *size)
{
	uint64_t i, head[6];
	uint8_t *response, *at;

	head[0] = result;
	head[1] = mp->flags;
	head[2] = mp->illval;
	head[3] = mp->scratch_ptr;
	head[4] = mp->nlog;
	head[5] = mp->scratch.size;
	*size = sizeof(head) + mp->nlog * sizeof(*mp->log) + mp->scratch.size;
	if ((response = calloc(1, *size)) == NULL)
		return (NULL);
	at = response;
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	if (mp->nlog > 0)
		memcpy(at, mp->log, mp->nlog * sizeof(*mp->log));
	at += mp->nlog * sizeof(*mp->log);
	for (i = 0; i < mp->nregions; i++)
		if (mp->regions[i].base == mp->scratch.base &&
		    mp->regions[i].size == mp->scratch.size &&
		    mp->scratch.size > 0)
			memcpy(at, mp->regions[i].data, mp->scratch.size);
	return (response);
}

uint8_t *
harness_call(const uint8_t *bytes, size_t left, size_t *size)
{
	struct machine machine;
	struct request request;
	uint8_t *response;

	response = NULL;
	memset(&machine, 0, sizeof(machine));
	if (!take(&bytes, &left, &request, sizeof(request)))
		return (NULL);
	machine.max_address = core_max_address();
	machine.strict_alignment = request.strict_alignment;
	machine.kernel_access = request.kernel_access;
	machine.maxchain = request.maxchain;
	machine.direct_map.base = request.dmap_base;
	machine.direct_map.size = request.dmap_size;
	machine.scratch.base = request.scratch_base;
	machine.scratch.size = request.scratch_size;
	machine.scratch_ptr = request.scratch_ptr;
	if ((machine.toxic = take_array(&bytes, &left, request.ntoxic,
	    sizeof(*machine.toxic))) != NULL &&
	    (machine.own = take_array(&bytes, &left, request.nown,
	    sizeof(*machine.own))) != NULL &&
	    (machine.pokes = take_array(&bytes, &left, request.npokes,
	    sizeof(*machine.pokes))) != NULL &&
	    take_regions(&machine, &bytes, &left, request.nregions)) {
		machine.ntoxic = request.ntoxic;
		machine.nown = request.nown;
		machine.npokes = request.npokes;
		response = respond(&machine, core_call(&machine, &request),
		    size);
	}
	machine_free(&machine);
	return (response);
}

void
harness_free(uint8_t *response)
{
	free(response);
}
