/* SPDX-License-Identifier: BSD-2-Clause */
/* Common types of the kernel of FreeBSD 15.1 that nothing in types-15.d holds. */

typedef unsigned short mode_t;
typedef unsigned int socklen_t;
typedef unsigned int uint;

struct timespec {
	time_t tv_sec;
	long tv_nsec;
};
