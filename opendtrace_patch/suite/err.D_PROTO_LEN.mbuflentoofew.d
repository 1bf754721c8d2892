/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	mbuflen() takes no less than one argument.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14

BEGIN
{
	mbuflen();
	exit(0);
}
