/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	The third argument of copyoutmbuf() is a size.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14

BEGIN
{
	copyoutmbuf((struct mbuf *)NULL, 64, "20");
	exit(0);
}
