/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The harness behind a pipe: a 64-bit size and a request come in, a 64-bit size
 * and a response go out, until the input ends.
 */

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

int
main(void)
{
	uint64_t size;
	size_t got;
	uint8_t *request, *response;

	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		if ((request = malloc(size)) == NULL ||
		    fread(request, 1, size, stdin) != size ||
		    (response = harness_call(request, size, &got)) == NULL) {
			fprintf(stderr, "harness: malformed request\n");
			return (1);
		}
		free(request);
		size = got;
		if (fwrite(&size, sizeof(size), 1, stdout) != 1 ||
		    fwrite(response, 1, got, stdout) != got ||
		    fflush(stdout) != 0) {
			perror("harness");
			return (1);
		}
		harness_free(response);
	}
	return (0);
}
