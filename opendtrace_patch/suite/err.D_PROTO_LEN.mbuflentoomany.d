/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	mbuflen() takes no more than one argument.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14

BEGIN
{
	mbuflen((struct mbuf *)NULL, 1);
	exit(0);
}
