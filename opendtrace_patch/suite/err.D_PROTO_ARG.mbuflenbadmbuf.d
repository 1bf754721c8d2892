/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	The argument of mbuflen() is a pointer to an mbuf.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14

BEGIN
{
	mbuflen(curthread);
	exit(0);
}
