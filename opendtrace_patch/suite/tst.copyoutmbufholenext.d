/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	An mbuf where no memory is is an invalid address.
 *
 * SECTION: Actions and Subroutines/copyoutmbuf()
 */

#pragma D option version=1.14
#pragma D option quiet

BEGIN
{
	this->m = (struct mbuf *)alloca(256);
	this->m->m_next = NULL;
	this->m->m_data = (caddr_t)alloca(64);
	this->m->m_len = 8;
	this->m->m_next = (struct mbuf *)0xfffff00000000000;

	trace((uintptr_t)copyoutmbuf(this->m, 9));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_BADADDR ? 0 : 1);
}
