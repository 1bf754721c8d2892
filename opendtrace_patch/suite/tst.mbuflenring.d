/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	The length of a chain that is a ring is an illegal operation.
 *
 * SECTION: Actions and Subroutines/mbuflen()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = (caddr_t)alloca(64);
	this->m->m_len = 8;
	this->m->m_next = this->m;

	trace(mbuflen(this->m));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_ILLOP ? 0 : 1);
}
