/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	copyoutmbuf() takes no more than three arguments.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14

BEGIN
{
	copyoutmbuf((struct mbuf *)NULL, 64, 20, 1);
	exit(0);
}
