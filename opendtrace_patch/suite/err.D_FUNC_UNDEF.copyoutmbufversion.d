/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	A program that asks for version 1.13 of the language has no copyoutmbuf().
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.13

BEGIN
{
	copyoutmbuf((struct mbuf *)NULL, 64);
	exit(0);
}
