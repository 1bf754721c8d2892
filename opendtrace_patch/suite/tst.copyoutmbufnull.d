/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	copyoutmbuf() of NULL is an invalid address, 0.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	trace((uintptr_t)copyoutmbuf((struct mbuf *)NULL, 8));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_BADADDR && arg5 == 0 ? 0 : 1);
}
