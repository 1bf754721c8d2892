/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * ASSERTION:
 *	A length near the end of the address space is out of scratch space.
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

	trace((uintptr_t)copyoutmbuf(this->m, -1));
	exit(1);
}

ERROR
{
	exit(arg4 == DTRACEFLT_NOSCRATCH ? 0 : 1);
}
