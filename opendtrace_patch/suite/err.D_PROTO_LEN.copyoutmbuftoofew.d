/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	copyoutmbuf() takes no less than two arguments.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14

BEGIN
{
	copyoutmbuf((struct mbuf *)NULL);
	exit(0);
}
