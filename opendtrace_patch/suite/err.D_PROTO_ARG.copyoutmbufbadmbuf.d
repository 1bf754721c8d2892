/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	The first argument of copyoutmbuf() is a pointer to an mbuf.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14

BEGIN
{
	copyoutmbuf("mbuf", 64);
	exit(0);
}
