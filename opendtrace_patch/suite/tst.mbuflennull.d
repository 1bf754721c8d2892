/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	mbuflen() of NULL is an invalid address, 0.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	trace(mbuflen((struct mbuf *)NULL));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_BADADDR && arg5 == 0 ? 0 : 1);
}
